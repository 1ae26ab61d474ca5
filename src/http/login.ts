import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Identity } from '../access/caller.ts';
import { cookieValue, keyCookie, workspaceCookie } from '../access/credentials.ts';
import { forbidden, howToLogIn } from '../access/refusals.ts';
import { isFromOwnPages } from '../access/same-origin.ts';
import { chooseWorkspace, workspaceOf } from '../access/workspaces.ts';
import { UtmqlError } from '../errors.ts';
import type { LoginGuard } from '../limits/login-guard.ts';
import { addressParameters } from './address-parameters.ts';
import { type AnswerError, answerGraphqlError, errorHeaders, statusOf } from './error-answers.ts';
import { asksForPage } from './graphiql-page.ts';
import { loginPage, loginPolicy, sessionPage } from './login-page.ts';
import { languageOf, loginTexts, problemIn } from './login-texts.ts';
import { pageAddress } from './page-addresses.ts';
import { answerEarly, wholeBody } from './request-body.ts';
import type { Route } from './route.ts';

/** Bytes of a form: a key or a token, and an address to go on to. */
const maxFormBytes = 65_536;
const maxCredentialLength = 16_384;

/**
 * The login of the dashboard and of GraphiQL: a form takes a key or a token and keeps it in a cookie that scripts cannot read
 * and that other sites cannot make the browser send. Whoever may use several workspaces chooses one, which a second cookie keeps.
 */
export function createLoginRoutes({ guard }: { guard: LoginGuard }): Route[] {
  return [
    {
      method: 'GET',
      path: '/login',
      access: 'everybody',
      async handle(request, response) {
        const identity = await identityOf(request, guard);
        const next = pageAddress(addressParameters(request).get('next'));
        if (identity === undefined) return sendForm(request, response, 200, {}, { next });
        const workspace = currentWorkspace(identity, request);
        send(
          request,
          response,
          200,
          {},
          sessionPage({ language: languageOf(request), identity, workspace, next }),
        );
      },
    },
    {
      method: 'POST',
      path: '/login',
      access: 'everybody',
      answerError: answerWithForm,
      async handle(request, response) {
        const form = await readForm(request);
        const next = pageAddress(form.get('next'));
        try {
          const credential = readCredential(form);
          const identity = await guard.identify(request, credential);
          leadOn(response, isToChoose(identity) ? loginAddress(next) : next, [
            cookie(request, keyCookie, credential),
            endOfCookie(request, workspaceCookie),
          ]);
        } catch (error) {
          if (!(error instanceof UtmqlError)) throw error;
          // The form again, with the same address to go on to.
          answerWithForm(request, response, error, next);
        }
      },
    },
    {
      method: 'POST',
      path: '/workspace',
      access: 'everybody',
      answerError: answerWithForm,
      async handle(request, response) {
        const form = await readForm(request);
        const identity = await guard.authenticate(request);
        const workspace = chooseWorkspace(identity, {
          name: form.get('workspace')?.trim() ?? '',
          refusal: 'This key may not use that workspace. Choose another at /login.',
        });
        leadOn(response, pageAddress(form.get('next')), [cookie(request, workspaceCookie, workspace)]);
      },
    },
    {
      method: 'POST',
      path: '/logout',
      access: 'everybody',
      answerError: answerWithForm,
      handle(request, response) {
        if (!isOurForm(request)) throw foreignForm();
        leadOn(response, '/login', [endOfCookie(request, keyCookie), endOfCookie(request, workspaceCookie)]);
      },
    },
  ];
}

/** At `/graphql` a browser without a login gets the form, everything else an error. */
export const answerGraphqlErrorOrLogin: AnswerError = (request, response, error) =>
  asksForPage(request)
    ? answerErrorWithLogin(request, response, error)
    : answerGraphqlError(request, response, error);

/** Says what is wrong above the form that asks for a key; it leads to the page that was asked for. */
export const answerErrorWithLogin: AnswerError = (request, response, error) => {
  const isFirstVisit = cookieValue(request.headers.cookie, keyCookie) === undefined;
  const next = pageAddress(request.url);
  const texts = loginTexts(languageOf(request));
  // Where a link of another site leads here, browsers withhold the cookie.
  const isFromElsewhere = isFirstVisit && request.headers['sec-fetch-site'] === 'cross-site';
  sendForm(request, response, statusOf(error), errorHeaders(error), {
    next,
    message: error.code === 'UNAUTHENTICATED' && isFirstVisit ? undefined : messageOf(request, error),
    link: isFromElsewhere
      ? { href: next, text: texts.loggedInAlready }
      : error.code === 'FORBIDDEN'
        ? { href: loginAddress(next), text: texts.yourLogin }
        : undefined,
  });
};

/** Who is logged in, if somebody is. */
async function identityOf(request: IncomingMessage, guard: LoginGuard): Promise<Identity | undefined> {
  try {
    return await guard.authenticate(request);
  } catch (error) {
    if (error instanceof UtmqlError) return undefined;
    throw error;
  }
}

/** The workspace that is chosen, or the key's own where that is none of its any more. */
function currentWorkspace(identity: Identity, request: IncomingMessage): string {
  try {
    return workspaceOf(identity, request);
  } catch {
    return chooseWorkspace(identity, undefined);
  }
}

/** A key of all workspaces goes on in the default one. */
const isToChoose = ({ workspaces }: Identity): boolean => workspaces !== 'all' && workspaces.length > 1;

const loginAddress = (next: string): string => `/login?next=${encodeURIComponent(next)}`;

/** @throws UtmqlError FORBIDDEN for another site's form; TOO_LARGE */
async function readForm(request: IncomingMessage): Promise<URLSearchParams> {
  if (!isOurForm(request)) throw foreignForm();
  const body = await wholeBody(request, maxFormBytes);
  if (body === undefined) throw tooLong();
  return new URLSearchParams(body.toString());
}

/** @throws UtmqlError UNAUTHENTICATED, TOO_LARGE */
function readCredential(form: URLSearchParams): string {
  const credential = form.get('key')?.trim() ?? '';
  if (credential.length > maxCredentialLength) throw tooLong();
  // A cookie holds no blanks, separators or line ends: no key or token has any.
  if (!/^[\w.-]+$/.test(credential)) throw new UtmqlError('UNAUTHENTICATED', 'This is no key and no token.');
  return credential;
}

const tooLong = (): UtmqlError => new UtmqlError('TOO_LARGE', 'This is too long for a key.');

const isOurForm = (request: IncomingMessage): boolean =>
  request.headers['content-type']?.split(';', 1)[0] === 'application/x-www-form-urlencoded' &&
  isFromOwnPages(request);

const foreignForm = (): UtmqlError => forbidden('Only the form of this page can log in and out.');

function cookie(request: IncomingMessage, name: string, value: string): string {
  const isHttps = request.headers['x-forwarded-proto'] === 'https';
  return `${name}=${value}; HttpOnly; SameSite=Strict; Path=/${isHttps ? '; Secure' : ''}`;
}

const endOfCookie = (request: IncomingMessage, name: string): string =>
  `${cookie(request, name, '')}; Max-Age=0`;

function leadOn(response: ServerResponse, location: string, cookies: readonly string[]): void {
  response.writeHead(303, { location, 'set-cookie': [...cookies], 'cache-control': 'no-store' }).end();
}

/** Of a form, the advice to send a header is of no use. */
const messageOf = (request: IncomingMessage, { code, message }: UtmqlError): string =>
  problemIn(languageOf(request), { code, message: message.replace(` ${howToLogIn}`, '') });

function answerWithForm(
  request: IncomingMessage,
  response: ServerResponse,
  error: UtmqlError,
  next: string = pageAddress(undefined),
): void {
  sendForm(request, response, statusOf(error), errorHeaders(error), {
    next,
    message: messageOf(request, error),
  });
}

function sendForm(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
  form: Omit<Parameters<typeof loginPage>[0], 'language'>,
): void {
  send(request, response, status, headers, loginPage({ ...form, language: languageOf(request) }));
}

function send(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
  page: string,
): void {
  const all = {
    ...headers,
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': loginPolicy,
    'cache-control': 'no-store',
  };
  answerEarly(request, response, status, all, page);
}
