import { createHash, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Kind, OperationTypeNode, parse } from 'graphql';
import type { Caller } from '../access/caller.ts';
import { keptInCodings } from './compression/compressed-copies.ts';
import { type BodyAnswer, sendBody } from './compression/send-body.ts';
import { escapeHtml } from './escape-html.ts';
import { etagOf } from './etag.ts';
import { startScript } from './graphiql-script.ts';
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

/** Brotli’s level for what is compressed once: 1 MB takes a tenth of a second. At the highest one it is a tenth shorter, and takes 3 s. */
const quality = 5;

/** Whether a browser wants a page to show. */
export const asksForPage = ({ method, headers }: IncomingMessage): boolean =>
  method === 'GET' && headers.accept?.includes('text/html') === true;

/**
 * GraphiQL: a page, and routes for its script and styles, which browsers keep. It works without the internet. It is read from the
 * installed packages when it is first asked for.
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
  const [css, ...code] = await Promise.all([
    textOf('graphiql', 'graphiql.min.css'),
    textOf('react', 'umd/react.production.min.js'),
    textOf('react-dom', 'umd/react-dom.production.min.js'),
    textOf('graphql-sse', 'umd/graphql-sse.min.js'),
    textOf('graphiql', 'graphiql.min.js'),
  ]);
  const script = assetOf(code.join('\n').replaceAll(/^\/\/# sourceMappingURL=.*$/gm, ''), 'text/javascript');
  const styles = assetOf(withSystemFonts(css), 'text/css');
  return {
    script,
    styles,
    pageFor: (url, caller) => {
      const nonce = randomBytes(16).toString('base64');
      return {
        status: 200,
        headers: {
          'Content-Type': 'text/html; charset=utf-8',
          'Content-Security-Policy': policyFor(nonce),
          'Cache-Control': 'no-store',
        },
        body: Buffer.from(
          pageOf({ script, styles, nonce, runs: mayRun(url), login: hasLogin ? loginBar(caller, url) : '' }),
        ),
      };
    },
  };
}

const { resolve } = createRequire(import.meta.url);

/** A file of an installed package, also one that the package does not export. */
const textOf = (packageName: string, path: string): Promise<string> =>
  readFile(join(dirname(resolve(`${packageName}/package.json`)), path), 'utf8');

/** Without the fonts within GraphiQL’s styles: they are 260 kB of the 390 kB that the page would take, and do not compress. */
const withSystemFonts = (css: string): string =>
  css
    .replaceAll(/@font-face\s*\{[^}]*\}/g, '')
    .replaceAll('"Roboto"', 'system-ui')
    .replaceAll('"Fira Code"', 'ui-monospace');

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
  const asked = new URLSearchParams(url.slice(url.indexOf('?') + 1));
  const query = asked.get('query');
  if (query === null || query === '') return true;
  try {
    JSON.parse(asked.get('variables') || '{}');
    const operations = parse(query, { maxTokens, noLocation: true }).definitions.filter(
      (definition) => definition.kind === Kind.OPERATION_DEFINITION,
    );
    return operations.length === 1 && operations[0]?.operation === OperationTypeNode.QUERY;
  } catch {
    return false;
  }
}

const pageOf = (parts: {
  readonly script: Asset;
  readonly styles: Asset;
  readonly nonce: string;
  readonly runs: boolean;
  readonly login: string;
}): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>utmql</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${stylesPath}?v=${parts.styles.version}">
<style nonce="${parts.nonce}">${pageStyles}</style>
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

const startHash = `'sha256-${createHash('sha256').update(startScript).digest('base64')}'`;

/**
 * Runs our script and the one on the page, and no other. GraphiQL's dialogs make a style element, with `nonce`; its search field
 * has a style attribute.
 */
const policyFor = (nonce: string): string =>
  [
    "default-src 'none'",
    `script-src ${startHash}`,
    `script-src-elem 'self' ${startHash}`,
    `style-src-elem 'self' 'nonce-${nonce}'`,
    "style-src-attr 'unsafe-inline'",
    'img-src data:',
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ');
