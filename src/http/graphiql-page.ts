import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Kind, OperationTypeNode, parse } from 'graphql';
import type { Caller } from '../access/caller.ts';
import { keptInCodings } from './compression/compressed-copies.ts';
import { type BodyAnswer, sendBody } from './compression/send-body.ts';
import { escapeHtml } from './escape-html.ts';
import { etagOf } from './etag.ts';
import { exampleQuery } from './example-query.ts';
import { maxTokens } from './query-limits.ts';
import type { Route } from './route.ts';

/** Sends GraphiQL to the browser of a caller. */
export type SendGraphiql = (
  request: IncomingMessage,
  response: ServerResponse,
  caller: Caller,
) => Promise<void>;

interface Graphiql {
  readonly pageFor: (url: string, caller: Caller) => BodyAnswer;
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
export function createGraphiql({ hasLogin }: { hasLogin: boolean }): {
  readonly sendPage: SendGraphiql;
  readonly routes: readonly Route[];
} {
  let made: Promise<Graphiql> | undefined;
  const graphiql = (): Promise<Graphiql> => {
    made ??= makeGraphiql(hasLogin);
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
    sendPage: async (request, response, caller) =>
      sendBody(request, response, (await graphiql()).pageFor(request.url ?? '', caller)),
    routes: [route(scriptPath, ({ script }) => script), route(stylesPath, ({ styles }) => styles)],
  };
}

const scriptPath = '/graphiql.js';
const stylesPath = '/graphiql.css';

async function makeGraphiql(hasLogin: boolean): Promise<Graphiql> {
  const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql');
  const html = renderGraphiQL();
  const code = between(html, '<script>', '</script>');
  // Its last statement starts it; what stands before is the same in each installation.
  const script = assetOf(
    code.slice(0, code.lastIndexOf('YogaGraphiQL.renderYogaGraphiQL(')),
    'text/javascript',
  );
  const styles = assetOf(between(html, '<style>', '</style>'), 'text/css');
  const policy = policyFor(startScript);
  return {
    script,
    styles,
    pageFor: (url, caller) => ({
      status: 200,
      headers: {
        'Content-Type': 'text/html; charset=utf-8',
        'Content-Security-Policy': policy,
        'Cache-Control': 'no-store',
      },
      body: Buffer.from(
        pageOf({ script, styles, runs: mayRun(url), login: hasLogin ? loginBar(caller, url) : '' }),
      ),
    }),
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

/**
 * Whether the query in the page's address, or the example where there is none, may be run without a click: a link must not
 * make anybody change something, or follow something.
 */
function mayRun(url: string): boolean {
  const query = new URLSearchParams(url.slice(url.indexOf('?') + 1)).get('query');
  if (query === null || query === '') return true;
  try {
    const operations = parse(query, { maxTokens, noLocation: true }).definitions.filter(
      (definition) => definition.kind === Kind.OPERATION_DEFINITION,
    );
    return operations.length === 1 && operations[0]?.operation === OperationTypeNode.QUERY;
  } catch {
    return false;
  }
}

/**
 * Starts GraphiQL, without its explorer plugin. Where the page may run its query, presses the button once the editor is there;
 * without a query in the address only where GraphiQL opens on the example, not on what somebody typed the last time.
 */
const startScript = `
const asked = new URL(location.href).searchParams.get('query');
const isOpening = asked || ['query', 'tabState'].every((key) => localStorage.getItem('graphiql:' + key) === null);
YogaGraphiQL.renderYogaGraphiQL(document.querySelector('#root'), ${JSON.stringify({
  title: 'utmql',
  defaultQuery: exampleQuery,
  endpoint: '/graphql',
  plugins: [],
})});
if (isOpening && 'runs' in document.body.dataset) {
  const observer = new MutationObserver(() => {
    const button = document.querySelector('.graphiql-execute-button:not(:disabled)');
    const editors = ['.graphiql-query-editor', '.graphiql-response'].map((place) => document.querySelector(place + ' .view-lines'));
    if (!button || editors.includes(null)) return;
    observer.disconnect();
    button.click();
  });
  observer.observe(document.body, { childList: true, subtree: true, attributes: true });
}
`;

const pageOf = (parts: {
  readonly script: Asset;
  readonly styles: Asset;
  readonly runs: boolean;
  readonly login: string;
}): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>utmql</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${stylesPath}?v=${parts.styles.version}">
<style>${pageStyles}</style>
</head>
<body id="body" class="no-focus-outline"${parts.runs ? ' data-runs' : ''}>
<noscript>GraphiQL needs JavaScript.</noscript>
${parts.login}<div id="root"></div>
<script src="${scriptPath}?v=${parts.script.version}"></script>
<script>${startScript}</script>
</body>
</html>
`;

const pageStyles = `
:root { color-scheme: light dark }
body { display: flex; flex-direction: column; height: 100vh; margin: 0 }
#root { flex: 1; min-height: 0 }
#root .graphiql-container { width: 100%; height: 100% }
#login { display: flex; gap: 1rem; justify-content: flex-end; align-items: center; padding: .35rem 1rem; background: Canvas; color: CanvasText; border-bottom: 1px solid color-mix(in srgb, CanvasText 20%, transparent); font: .85rem/1.4 system-ui, sans-serif }
#login form { margin: 0 }
#login a, #login button { border: 0; padding: 0; background: none; color: inherit; font: inherit; text-decoration: underline; cursor: pointer }
#login :focus-visible { outline: 2px solid; outline-offset: 2px }
`;

/** Says who asks, and for which workspace. */
function loginBar({ name, workspace, workspaces }: Caller, url: string): string {
  const change =
    workspaces === 'all' || workspaces.length > 1
      ? ` <a href="/login?next=${escapeHtml(encodeURIComponent(url))}">Change</a>`
      : '';
  return `<nav id="login" aria-label="Login">
<span>${escapeHtml(name)}</span>
<span>Workspace <strong>${escapeHtml(workspace)}</strong>${change}</span>
<form method="post" action="/logout"><button type="submit">Log out</button></form>
</nav>
`;
}

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
