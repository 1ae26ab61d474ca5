import type { Secrets } from './secrets.ts';
import type { SourceSettings } from './settings.ts';

const sensitiveName = /token|secret|passw|pwd|key|auth|signature|cookie|session/i;

/** Has the credentials that a source's settings hold redacted, wherever they are written: as variables or in the file itself. */
export function addSettingsSecrets(secrets: Secrets, settings: SourceSettings): void {
  const { auth = {}, credentials = {}, headers, parameters, url } = settings;
  const { bearer, basic, header, query = {}, oauth2 } = auth;
  const add = (name: string, value: string | undefined): void => {
    if (value !== undefined) secrets.add(name, value);
  };
  add('auth.bearer', bearer);
  add('auth.basic.password', basic?.password);
  add('auth.header.value', header?.value);
  for (const [name, value] of Object.entries(query)) add(`auth.query.${name}`, value);
  add('auth.oauth2.client_secret', oauth2?.client_secret);
  add('auth.oauth2.refresh_token', oauth2?.refresh_token);
  for (const [name, value] of Object.entries(credentials)) {
    if (sensitiveName.test(name)) add(`credentials.${name}`, value);
    else if (value !== undefined) secrets.addForQuotes(`credentials.${name}`, value);
  }
  addAddress(secrets, url);
  if (basic !== undefined) secrets.addForQuotes('auth.basic.user', basic.user);
  if (oauth2 !== undefined) secrets.addForQuotes('auth.oauth2.client_id', oauth2.client_id);
  addNamed(secrets, 'headers', headers);
  addNamed(secrets, 'parameters', parameters);
}

/** Parameters and headers may be anything: they go from what the source says, and elsewhere only by their name. */
function addNamed(secrets: Secrets, place: string, values: Readonly<Record<string, string | null>>): void {
  for (const [name, value] of Object.entries(values)) {
    if (value === null || value.length < minParameter || plainHeaders.test(name)) continue;
    if (sensitiveName.test(name)) secrets.add(`${place}.${name}`, value);
    else secrets.addForQuotes(`${place}.${name}`, value);
  }
}

const plainHeaders = /^(?:accept|accept-encoding|content-type|user-agent)$/i;
/** Shorter ones, such as limits, can occur in any message. */
const minParameter = 4;

function addAddress(secrets: Secrets, url: string | undefined): void {
  if (url === undefined || !URL.canParse(url)) return;
  const { username, password, searchParams } = new URL(url);
  secrets.add('url', decoded(password));
  secrets.addForQuotes('url', decoded(username));
  addNamed(secrets, 'url', Object.fromEntries(searchParams));
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
