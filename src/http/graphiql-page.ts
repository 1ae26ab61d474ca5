import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { exampleQuery } from './example-query.ts';

interface GraphiqlPage {
  readonly html: Buffer;
  readonly policy: string;
}

/** Sends GraphiQL to a browser. */
export type SendGraphiql = (response: ServerResponse) => Promise<void>;

/** Whether a browser wants a page to show. */
export const asksForPage = ({ method, headers }: IncomingMessage): boolean =>
  method === 'GET' && headers.accept?.includes('text/html') === true;

/** Its scripts are part of the page: GraphiQL works without the internet. They are 46 MB in memory, so only on demand. */
export function createGraphiqlPage(): SendGraphiql {
  let page: Promise<GraphiqlPage> | undefined;
  return async (response) => {
    page ??= makePage();
    const { html, policy } = await page;
    response.setHeader('Content-Security-Policy', policy);
    response
      .writeHead(200, {
        'Content-Type': 'text/html; charset=utf-8',
        'Content-Length': html.length,
        'Cache-Control': 'no-store',
      })
      .end(html);
  };
}

async function makePage(): Promise<GraphiqlPage> {
  const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql');
  const html = renderGraphiQL({ title: 'utmql', defaultQuery: exampleQuery, endpoint: '/graphql' });
  const open = '<script>';
  const script = html.slice(html.indexOf(open) + open.length, html.lastIndexOf('</script>'));
  return { html: Buffer.from(html), policy: policyFor(script) };
}

/** Runs this one script and no other. Its editor makes styles as it goes, and workers from its own text. */
const policyFor = (script: string): string =>
  [
    "default-src 'none'",
    `script-src 'sha256-${createHash('sha256').update(script).digest('base64')}'`,
    "style-src 'unsafe-inline'",
    "img-src 'self' data:",
    'font-src data:',
    "connect-src 'self'",
    'worker-src blob:',
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ');
