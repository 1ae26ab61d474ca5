import type { IncomingMessage, ServerResponse } from 'node:http';
import { cookieName } from '../access/credentials.ts';
import { forbidden } from '../access/refusals.ts';
import { isFromOwnPages } from '../access/same-origin.ts';
import { UtmqlError } from '../errors.ts';
import type { LoginGuard } from '../limits/login-guard.ts';
import { type AnswerError, answerGraphqlError, errorHeaders, statusOf } from './error-answers.ts';
import { asksForPage } from './graphiql-page.ts';
import { answerEarly, wholeBody } from './request-body.ts';
import type { Route } from './route.ts';

/** Bytes of a form with a key or a token. */
const maxFormBytes = 16_384;

/**
 * GraphiQL's login: a form takes a key or a token and keeps it in a cookie that scripts cannot read and that other sites
 * cannot make the browser send.
 */
export function createLoginRoutes({ guard }: { guard: LoginGuard }): Route[] {
  return [
    {
      method: 'GET',
      path: '/login',
      access: 'everybody',
      handle: (request, response) => sendPage(request, response, 200, {}),
    },
    {
      method: 'POST',
      path: '/login',
      access: 'everybody',
      answerError: answerWithPage,
      async handle(request, response) {
        const credential = await readForm(request);
        await guard.identify(request, credential);
        leadOn(response, cookie(request, credential));
      },
    },
    {
      method: 'POST',
      path: '/logout',
      access: 'everybody',
      answerError: answerWithPage,
      handle(request, response) {
        if (!isOurForm(request)) throw foreignForm();
        leadOn(response, `${cookie(request, '')}; Max-Age=0`);
      },
    },
  ];
}

/** At `/graphql` a browser without a login gets the form, everything else an error. */
export const answerGraphqlErrorOrLogin: AnswerError = (request, response, error) => {
  if (!asksForPage(request)) return answerGraphqlError(request, response, error);
  const isFirstVisit = request.headers.cookie?.includes(`${cookieName}=`) !== true;
  const message = error.code === 'UNAUTHENTICATED' && isFirstVisit ? undefined : error.message;
  sendPage(request, response, statusOf(error), errorHeaders(error), message);
};

/** @throws UtmqlError FORBIDDEN for another site's form; BAD_USER_INPUT, UNAUTHENTICATED */
async function readForm(request: IncomingMessage): Promise<string> {
  if (!isOurForm(request)) throw foreignForm();
  const body = await wholeBody(request, maxFormBytes);
  if (body === undefined) throw new UtmqlError('TOO_LARGE', 'This is too long for a key.');
  // A cookie holds no blanks, separators or line ends: no key or token has any.
  const credential = new URLSearchParams(body.toString()).get('key')?.trim() ?? '';
  if (!/^[\w.-]+$/.test(credential)) throw new UtmqlError('UNAUTHENTICATED', 'This is no key and no token.');
  return credential;
}

const isOurForm = (request: IncomingMessage): boolean =>
  request.headers['content-type']?.split(';', 1)[0] === 'application/x-www-form-urlencoded' &&
  isFromOwnPages(request);

const foreignForm = (): UtmqlError => forbidden('Only the form of this page can log in and out.');

function cookie(request: IncomingMessage, value: string): string {
  const isHttps = request.headers['x-forwarded-proto'] === 'https';
  return `${cookieName}=${value}; HttpOnly; SameSite=Strict; Path=/${isHttps ? '; Secure' : ''}`;
}

function leadOn(response: ServerResponse, cookie: string): void {
  response.writeHead(303, { location: '/graphql', 'set-cookie': cookie, 'cache-control': 'no-store' }).end();
}

const answerWithPage: AnswerError = (request, response, error) =>
  sendPage(request, response, statusOf(error), errorHeaders(error), error.message);

function sendPage(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
  message?: string,
): void {
  const all = { ...headers, 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' };
  answerEarly(request, response, status, all, loginPage(message));
}

/** A form without scripts or styles of its own: it works under any content security policy that allows forms to this address. */
const loginPage = (message: string | undefined): string => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>utmql: log in</title>
<h1>utmql</h1>
${message === undefined ? '' : `<p role="alert">${escapeHtml(message)}</p>\n`}<form method="post" action="/login">
<p><label>API key or token<br><input name="key" type="password" size="70" required autofocus autocomplete="current-password"></label></p>
<p><button type="submit">Log in</button></p>
</form>
<form method="post" action="/logout"><p><button type="submit">Log out</button></p></form>
</html>
`;

const escapeHtml = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
