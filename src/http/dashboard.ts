import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { UtmqlError } from '../errors.ts';
import type { Coding } from './compression/accept-encoding.ts';
import { sendBody } from './compression/send-body.ts';
import type { DashboardSession } from './dashboard-session.ts';
import { escapeHtml } from './escape-html.ts';
import { asksForPage } from './graphiql-page.ts';
import { answerErrorWithLogin } from './login.ts';
import { dashboardPaths } from './page-addresses.ts';
import type { Route } from './route.ts';

/** What `npm run build` makes of `src/dashboard`. */
const folder = fileURLToPath(new URL('../../dist/dashboard/', import.meta.url));

const types: Readonly<Record<string, string>> = {
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
};

/** Nothing but its own scripts and styles, and its own server. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
  "frame-ancestors 'none'",
].join('; ');

/**
 * The dashboard: one page, which shows what its address says, and the files that it loads. These have the hash of their content
 * in their names, so browsers keep them for good; the page itself says who is logged in, and is not kept.
 *
 * @throws UtmqlError CONFIGURATION where it is not built
 */
export async function createDashboardRoutes(options: {
  hasLogin: boolean;
  hasGraphiql: boolean;
}): Promise<Route[]> {
  const page = await readBuilt('index.html');
  const names = (await readdir(`${folder}assets`)).filter((name) => !/\.(br|gz)$/.test(name));
  return [
    ...dashboardPaths.map((path) => pageRoute(path, page.toString(), options)),
    ...(await Promise.all(names.map(assetRoute))),
  ];
}

const pageRoute = (
  path: string,
  page: string,
  { hasLogin, hasGraphiql }: { hasLogin: boolean; hasGraphiql: boolean },
): Route => ({
  method: 'GET',
  path,
  access: 'follow',
  answerError: (request, response, error) =>
    asksForPage(request) ? answerErrorWithLogin(request, response, error) : leadToApi(response),
  async handle(request, response, { caller }) {
    if (!asksForPage(request)) return leadToApi(response);
    const { name, role, workspace, workspaces, policy: rows } = caller;
    const session: DashboardSession = {
      name,
      role,
      workspace,
      hasWorkspaces: hasLogin && (workspaces === 'all' || workspaces.length > 1),
      isLimited: rows !== undefined,
      hasLogin,
      hasGraphiql,
    };
    const body = Buffer.from(page.replace('%SESSION%', () => escapeHtml(JSON.stringify(session))));
    await sendBody(request, response, {
      status: 200,
      headers: {
        'Content-Type': 'text/html; charset=utf-8',
        'Content-Security-Policy': policy,
        'Cache-Control': 'no-store',
      },
      body,
    });
  },
});

/** Programs that look at an address of the page find the API. */
const leadToApi = (response: Parameters<Route['handle']>[1]): void =>
  void response.writeHead(302, { location: '/graphql' }).end();

async function assetRoute(name: string): Promise<Route> {
  const [body, br, gzip] = await Promise.all(
    ['', '.br', '.gz'].map((ending) => readBuilt(`assets/${name}${ending}`)),
  );
  const copies: Readonly<Record<Coding, Buffer | undefined>> = { br, gzip };
  const headers = {
    'Content-Type': types[name.split('.').at(-1) ?? ''] ?? 'application/octet-stream',
    'Cache-Control': 'public, max-age=31536000, immutable',
  };
  return {
    method: 'GET',
    path: `/assets/${name}`,
    access: 'everybody',
    isUnlisted: true,
    handle: (request, response) =>
      sendBody(request, response, {
        status: 200,
        headers,
        body: body ?? Buffer.of(),
        inCoding: async (coding) => copies[coding] ?? Buffer.of(),
      }),
  };
}

const readBuilt = (path: string): Promise<Buffer> =>
  readFile(folder + path).catch((cause: unknown) => {
    throw new UtmqlError('CONFIGURATION', 'The dashboard is not built: run `npm run build`.', { cause });
  });
