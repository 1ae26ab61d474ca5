import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { keptInCodings } from './compression/compressed-copies.ts';
import { type BodyAnswer, sendBody } from './compression/send-body.ts';
import { etagOf } from './etag.ts';
import { exampleQuery } from './example-query.ts';
import type { Route } from './route.ts';

/** Sends GraphiQL to a browser. */
export type SendGraphiql = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

interface Graphiql {
  readonly page: BodyAnswer;
  readonly script: Asset;
  readonly styles: Asset;
}

/** What the page loads. */
interface Asset {
  /** Changes with the content. */
  readonly version: string;
  readonly answer: BodyAnswer;
}

/** Brotli’s level for what is compressed once: 8 MB take a second. At the highest one they are a tenth shorter, and take 40 s. */
const quality = 5;

/** Whether a browser wants a page to show. */
export const asksForPage = ({ method, headers }: IncomingMessage): boolean =>
  method === 'GET' && headers.accept?.includes('text/html') === true;

/**
 * GraphiQL: a page, and routes for its script and styles, which browsers keep. It works without the internet. It takes tens of
 * megabytes of memory, so it is made when it is first asked for.
 */
export function createGraphiql(): { readonly sendPage: SendGraphiql; readonly routes: readonly Route[] } {
  let made: Promise<Graphiql> | undefined;
  const graphiql = (): Promise<Graphiql> => {
    made ??= makeGraphiql();
    return made;
  };
  const route = (path: string, assetOf: (graphiql: Graphiql) => Asset): Route => ({
    method: 'GET',
    path,
    access: 'follow',
    async handle(request, response) {
      const { version, answer } = assetOf(await graphiql());
      // Another version of utmql, in the middle of a rollout, may have made the page.
      const isSame = request.url?.endsWith(`?v=${version}`) === true;
      response.setHeader('Cache-Control', isSame ? 'private, max-age=31536000, immutable' : 'no-store');
      await sendBody(request, response, answer);
    },
  });
  return {
    sendPage: async (request, response) => sendBody(request, response, (await graphiql()).page),
    routes: [route(scriptPath, ({ script }) => script), route(stylesPath, ({ styles }) => styles)],
  };
}

const scriptPath = '/graphiql.js';
const stylesPath = '/graphiql.css';

async function makeGraphiql(): Promise<Graphiql> {
  const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql');
  const html = renderGraphiQL({ title: 'utmql', defaultQuery: exampleQuery, endpoint: '/graphql' });
  const code = between(html, '<script>', '</script>');
  // Its last statement starts it, with the options; what stands before is the same in each installation.
  const start = code.slice(code.lastIndexOf('YogaGraphiQL.renderYogaGraphiQL('));
  const script = assetOf(code.slice(0, -start.length), 'text/javascript');
  const styles = assetOf(between(html, '<style>', '</style>'), 'text/css');
  const page = Buffer.from(pageOf(script, styles, start));
  return {
    script,
    styles,
    page: {
      status: 200,
      headers: {
        'Content-Type': 'text/html; charset=utf-8',
        'Content-Security-Policy': policyFor(start),
        'Cache-Control': 'no-store',
      },
      body: page,
    },
  };
}

/** From the first `open` to the last `close`. */
const between = (text: string, open: string, close: string): string =>
  text.slice(text.indexOf(open) + open.length, text.lastIndexOf(close));

function assetOf(text: string, type: string): Asset {
  const body = Buffer.from(text);
  const headers = { 'Content-Type': `${type}; charset=utf-8` };
  return {
    version: etagOf(body).replaceAll('"', ''),
    answer: { status: 200, headers, body, inCoding: keptInCodings(body, quality) },
  };
}

const pageOf = (script: Asset, styles: Asset, start: string): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>utmql</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${stylesPath}?v=${styles.version}">
</head>
<body id="body" class="no-focus-outline">
<noscript>GraphiQL needs JavaScript.</noscript>
<div id="root"></div>
<script src="${scriptPath}?v=${script.version}"></script>
<script>${start}</script>
</body>
</html>
`;

/** Runs our script and this one on the page, and no other. The editor makes styles as it goes, and workers from its own text. */
function policyFor(start: string): string {
  const hash = `'sha256-${createHash('sha256').update(start).digest('base64')}'`;
  return [
    "default-src 'none'",
    `script-src ${hash}`,
    `script-src-elem 'self' ${hash}`,
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    'font-src data:',
    "connect-src 'self'",
    'worker-src blob:',
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ');
}
