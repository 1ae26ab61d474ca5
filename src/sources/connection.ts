import { basicAuthorization, originAndPath } from '../http-client/address.ts';
import { createHttpSource, type HttpSource } from '../http-client/http-source.ts';
import type { Adapter } from './adapters/adapter.ts';
import type { SourceContext } from './context.ts';
import { classifyTokenError, createOauthToken, type OauthToken } from './oauth-token.ts';
import { hasJsonBody, type RequestPlan } from './settings/request-plan.ts';
import type { Secrets } from './settings/secrets.ts';
import type { SourceSettings } from './settings/settings.ts';

/** Creates the HTTP client of a source, with its credentials. */
export function createConnection(
  settings: SourceSettings,
  parts: {
    plan: RequestPlan;
    adapter: Adapter;
    secrets: Secrets;
    show: (url: URL) => string;
    context: SourceContext;
  },
): { http: HttpSource; forgetToken: () => void } {
  const { name, rate_limit: limit } = settings;
  const { plan, adapter, secrets, show, context } = parts;
  const { defaults, metrics, clock } = context;
  const token = tokenOf(settings, secrets, context);
  const http = createHttpSource({
    name,
    url: plan.url,
    method: plan.method,
    headers: headersOf(settings, plan, adapter),
    authorize: token && (async (call) => ({ authorization: `Bearer ${await token.get(call)}` })),
    reauthorize: token && (() => token.invalidate()),
    credentials: credentialsHint(settings),
    timeoutMs: settings.timeout_ms ?? defaults.timeoutMs,
    attempts: settings.attempts ?? defaults.attempts,
    patienceMs: settings.patience_ms ?? defaults.patienceMs,
    allowsPrivateAddresses: defaults.allowsPrivateAddresses,
    network: context.network,
    rateLimit: limit && { perSecond: limit.per_second, burst: limit.burst },
    classifyFailure: adapter.classifyFailure,
    show,
    hide: secrets.redactQuote,
    clock,
    metrics: metrics && { onRequest: (outcome, seconds) => metrics.onRequest(name, outcome, seconds) },
  });
  return { http, forgetToken: () => token?.invalidate() };
}

const credentialsHint = ({ auth, credentials }: SourceSettings): string | undefined => {
  if (auth === undefined) return undefined;
  return `its ${credentials === undefined ? 'auth' : 'credentials'} in the sources file`;
};

function headersOf(
  { headers, auth }: SourceSettings,
  plan: RequestPlan,
  adapter: Adapter,
): Readonly<Record<string, string>> {
  const type = hasJsonBody(plan) ? 'application/json' : 'text/plain; charset=utf-8';
  const own = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]);
  return {
    ...adapter.headers,
    ...(plan.bodies.length === 0 ? {} : { 'content-type': type }),
    ...Object.fromEntries(own),
    ...(auth?.bearer && { authorization: `Bearer ${auth.bearer}` }),
    ...(auth?.basic && { authorization: basicAuthorization(`${auth.basic.user}:${auth.basic.password}`) }),
    ...(auth?.header && { [auth.header.name.toLowerCase()]: auth.header.value }),
  };
}

function tokenOf(
  settings: SourceSettings,
  secrets: Secrets,
  { defaults, network, clock, refreshTokens }: SourceContext,
): OauthToken | undefined {
  const { name, auth, timeout_ms } = settings;
  if (auth?.oauth2 === undefined) return undefined;
  const { token_url: url, refresh_token: configured, ...credentials } = auth.oauth2;
  const line = configured && { tokenUrl: url, clientId: credentials.client_id, configured };
  const http = createHttpSource({
    name: `${name} (token_url)`,
    url,
    method: 'POST',
    headers: { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' },
    credentials: credentialsHint(settings),
    timeoutMs: timeout_ms ?? defaults.timeoutMs,
    attempts: defaults.attempts,
    patienceMs: defaults.patienceMs,
    allowsPrivateAddresses: defaults.allowsPrivateAddresses,
    network,
    classifyFailure: classifyTokenError,
    show: (address) => secrets.redact(originAndPath(address)),
    hide: secrets.redactQuote,
    clock,
  });
  const onToken = (token: string): void => secrets.add('token', token);
  const refreshToken = line
    ? {
        newest: () => refreshTokens.newest(line),
        keep: (token: string) => refreshTokens.save(line, token),
      }
    : undefined;
  const hide = secrets.redactQuote;
  return createOauthToken({ source: name, http, credentials, refreshToken, clock, onToken, hide });
}
