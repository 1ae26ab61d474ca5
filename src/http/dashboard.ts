import { readdir, readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { fileURLToPath } from 'node:url';
import type { Caller } from '../access/caller.ts';
import { isAllowed } from '../access/grants.ts';
import { UtmqlError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import { bounded } from '../time.ts';
import { dashboardPaths, hasQuery, pathOf } from '../views/address.ts';
import type { SavedViews } from '../views/saved-views.ts';
import type { Coding } from './compression/accept-encoding.ts';
import { sendBody } from './compression/send-body.ts';
import type { DashboardSession, SharedSession } from './dashboard-session.ts';
import { escapeHtml } from './escape-html.ts';
import { asksForPage } from './graphiql-page.ts';
import { answerErrorWithLogin } from './login.ts';
import type { Route } from './route.ts';
import { allowFraming } from './security-headers.ts';

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

/** The page, which shows what its address says. */
export interface DashboardPage {
  /** @param embedOrigins whose pages may show it in a frame; default: nobody's */
  send(
    request: IncomingMessage,
    response: ServerResponse,
    session: DashboardSession | SharedSession,
    embedOrigins?: readonly string[],
  ): Promise<void>;
}

/**
 * The page says who is logged in, and is not kept.
 *
 * @throws UtmqlError CONFIGURATION where it is not built
 */
export async function readDashboardPage(): Promise<DashboardPage> {
  const page = (await readBuilt('index.html')).toString();
  return {
    send(request, response, session, embedOrigins = []) {
      const body = Buffer.from(page.replace('%SESSION%', () => escapeHtml(JSON.stringify(session))));
      return sendBody(request, response, {
        status: 200,
        headers: {
          'Content-Type': 'text/html; charset=utf-8',
          'Content-Security-Policy': allowFraming(response, embedOrigins, policy),
          'Cache-Control': 'no-store',
        },
        body,
      });
    },
  };
}

interface DashboardOptions {
  readonly page: DashboardPage;
  readonly homes: Pick<SavedViews, 'home'>;
  readonly hasLogin: boolean;
  readonly hasGraphiql: boolean;
  readonly canEmbed: boolean;
}

/** The addresses of the dashboard, and the files that it loads. These have the hash of their content in their names, so browsers keep them for good. */
export async function createDashboardRoutes(options: DashboardOptions): Promise<Route[]> {
  const names = (await readdir(`${folder}assets`)).filter((name) => !/\.(br|gz)$/.test(name));
  return [
    ...dashboardPaths.map((path) => pageRoute(path, options)),
    ...(await Promise.all(names.map(assetRoute))),
  ];
}

const pageRoute = (
  path: string,
  { page, homes, hasLogin, hasGraphiql, canEmbed }: DashboardOptions,
): Route => ({
  method: 'GET',
  path,
  access: 'follow',
  answerError: (request, response, error) =>
    asksForPage(request) ? answerErrorWithLogin(request, response, error) : leadToApi(response),
  async handle(request, response, { caller, logger }) {
    if (!asksForPage(request)) return leadToApi(response);
    const { name, role, workspace, workspaces, policy: rows } = caller;
    if (path === '/' && !hasQuery(request.url ?? '') && isAllowed(caller, 'read')) {
      const home = await homeAddress(homes, caller, logger);
      if (home !== undefined) {
        response.writeHead(302, { location: home, 'cache-control': 'no-store' }).end();
        return;
      }
    }
    await page.send(request, response, {
      name,
      role,
      workspace,
      hasWorkspaces: hasLogin && (workspaces === 'all' || workspaces.length > 1),
      isLimited: rows !== undefined,
      hasLogin,
      hasGraphiql,
      canEmbed,
    });
  },
});

/** How long a visitor waits to be led to the home view, rather than seeing the usual page at once. */
const homeMs = 500;

/** Returns where `/` leads; undefined where it stays. A store that fails or is slow does not keep anybody from the page. */
async function homeAddress(
  homes: Pick<SavedViews, 'home'>,
  { workspace, requestId }: Caller,
  logger: Logger,
): Promise<string | undefined> {
  const late = new UtmqlError('TIMEOUT', 'The home view was not found in time.');
  try {
    const home = await bounded({ timeout: { ms: homeMs, error: () => late } }, (signal) =>
      homes.home(workspace, { requestId, signal }),
    );
    // A home view of the usual page would lead to itself for ever.
    return home && (pathOf(home.address) !== '/' || hasQuery(home.address)) ? home.address : undefined;
  } catch (error) {
    logger.warn({ err: error }, 'the home view could not be looked up; the usual page is shown');
    return undefined;
  }
}

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
