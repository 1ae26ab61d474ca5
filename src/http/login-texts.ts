import type { IncomingMessage } from 'node:http';
import type { ErrorCode } from '../error-codes.ts';
import type { UtmqlError } from '../errors.ts';

const en = {
  login: 'Log in',
  about: 'What did we spend, and what came of it?',
  key: 'API key or token',
  keyHint: 'Whoever runs this server gives out keys. You stay logged in until you close the browser.',
  yourLogin: 'Your login',
  loggedInAs: 'Logged in as',
  logOut: 'Log out',
  loggedInAlready: 'I am logged in already',
  workspace: 'Workspace',
  openGraphiql: 'Open GraphiQL',
  openDashboard: 'Open the dashboard',
  sharedView: 'Shared view',
  download: 'Download',
};

export type LoginTexts = typeof en;

const es: LoginTexts = {
  login: 'Iniciar sesión',
  about: '¿Cuánto gastamos y qué conseguimos?',
  key: 'Clave de API o token',
  keyHint: 'Quien administra este servidor entrega las claves. La sesión dura hasta que cierre el navegador.',
  yourLogin: 'Su sesión',
  loggedInAs: 'Sesión iniciada como',
  logOut: 'Cerrar sesión',
  loggedInAlready: 'Ya he iniciado sesión',
  workspace: 'Espacio de trabajo',
  openGraphiql: 'Abrir GraphiQL',
  openDashboard: 'Abrir el panel',
  sharedView: 'Vista compartida',
  download: 'Descarga',
};

/** What is wrong, for those who do not read the API's English; `{message}` is that sentence. */
const spanishProblems: Partial<Record<ErrorCode, string>> = {
  UNAUTHENTICATED: 'Esta clave o este token no es válido, o ya no lo es.',
  FORBIDDEN: 'Su clave no permite esto: {message}',
  NOT_FOUND: 'Este enlace no funciona, o ya no. Pida otro a quien se lo envió.',
  RATE_LIMITED: 'Demasiados intentos. Espere un momento e inténtelo de nuevo.',
  QUERY_TOO_EXPENSIVE:
    'Esto es demasiado para un archivo. Elija menos días, menos dimensiones o un filtro más estricto.',
  TOO_LARGE: 'Esto es demasiado largo para una clave.',
};

export type Language = 'en' | 'es';

const texts: Record<Language, LoginTexts> = { en, es };

export const loginTexts = (language: Language): LoginTexts => texts[language];

export const problemIn = (
  language: Language,
  { code, message }: Pick<UtmqlError, 'code' | 'message'>,
): string =>
  ((language === 'es' ? spanishProblems[code] : undefined) ?? '{message}').replace(
    '{message}',
    () => message,
  );

const member = /^([a-z]{2})(?:-[\w-]+)?\s*(?:;\s*q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\s*)?$/i;

/** The best language of the pages that the server writes itself, by `Accept-Language`. English where none is known. */
export function languageOf({ headers }: Pick<IncomingMessage, 'headers'>): Language {
  let best: { readonly language: Language; readonly weight: number } = { language: 'en', weight: 0 };
  for (const part of (headers['accept-language'] ?? '').split(',')) {
    const [, tag, weight = '1'] = member.exec(part.trim()) ?? [];
    const language = tag?.toLowerCase();
    if ((language === 'en' || language === 'es') && Number(weight) > best.weight)
      best = { language, weight: Number(weight) };
  }
  return best.language;
}
