import { Mutex } from 'async-mutex';
import { z } from 'zod';
import { UtmqlError } from '../errors.ts';
import { parseJson } from '../formats/json/parse.ts';
import { sentencesIn } from '../http-client/error-sentence.ts';
import type { FailureClassifier } from '../http-client/failure-classifier.ts';
import type { HttpSource, OpenOptions } from '../http-client/http-source.ts';
import { quotedEnd } from '../http-client/quote.ts';
import type { Clock } from '../time.ts';
import { pageField } from './pagination/page-field.ts';

/** Lifetime assumed for tokens without `expires_in`; Salesforce's last longer. */
const minLifetimeSeconds = 900;

/** A token is not used in its last minute, so that it does not expire in transit. */
const expiryMarginMs = 60_000;

const maxAnswerBytes = 65_536;

const tokenAnswer = z.object({
  access_token: z.string().min(1),
  expires_in: z.coerce.number().positive().default(minLifetimeSeconds),
  /** Replaces the refresh token that was sent. */
  refresh_token: z.string().min(1).optional(),
});

/** OAuth 2.0 access tokens, obtained with a refresh token or the client's credentials, and cached until they expire. */
export interface OauthToken {
  /** @throws UtmqlError of the request to the token URL; SOURCE_REFUSED if its response has no token */
  get(call: OpenOptions): Promise<string>;
  /** Discards a token that was refused: the next `get` requests another. */
  invalidate(): void;
}

export function createOauthToken(options: {
  /** The source whose token it is. */
  readonly source: string;
  readonly http: HttpSource;
  /** Sent as a form, with `grant_type` and the newest refresh token. */
  readonly credentials: Readonly<Record<string, string | undefined>>;
  /** Loads the newest refresh token and saves its successor; undefined without a refresh token. */
  readonly refreshToken:
    | { readonly newest: () => Promise<string>; readonly keep: (token: string) => Promise<void> }
    | undefined;
  readonly clock: Clock;
  /** Called with every token, so that it can be redacted. */
  readonly onToken: (token: string) => void;
  /** Returns a text of the token URL without secrets. */
  readonly hide: (text: string) => string;
}): OauthToken {
  const { source, http, credentials, refreshToken, clock } = options;
  // One request at a time: a single-use refresh token must not be sent twice.
  const turn = new Mutex();
  let kept: { readonly token: string; readonly until: number } | undefined;

  const bodyOf = (refresh: string | undefined): string => {
    const form = new URLSearchParams({
      grant_type: refresh === undefined ? 'client_credentials' : 'refresh_token',
    });
    for (const [name, value] of Object.entries(credentials)) if (value !== undefined) form.set(name, value);
    if (refresh !== undefined) form.set('refresh_token', refresh);
    return form.toString();
  };

  return {
    get: ({ signal, logger }) =>
      turn.runExclusive(async () => {
        if (kept !== undefined && clock.now() < kept.until) return kept.token;
        const refresh = await refreshToken?.newest();
        if (refresh !== undefined) options.onToken(refresh);
        const body = bodyOf(refresh);
        const answer = await http.page({ body, signal, logger }, maxAnswerBytes);
        const answered = parseJson(answer.body.toString('utf8'));
        const parsed = tokenAnswer.safeParse(answered);
        if (!parsed.success) {
          const said = quotedEnd(sentencesIn(answered), options.hide);
          throw new UtmqlError(
            'SOURCE_REFUSED',
            `The token_url of source ${source} answered without an access_token${said}; check that it is the address of tokens.`,
          );
        }
        const { access_token: token, expires_in: seconds, refresh_token: next } = parsed.data;
        options.onToken(token);
        if (next !== undefined && next !== refresh) {
          options.onToken(next);
          await refreshToken?.keep(next);
        }
        kept = { token, until: clock.now() + seconds * 1_000 - expiryMarginMs };
        return token;
      }),
    invalidate() {
      kept = undefined;
    },
  };
}

/** Advice by error code of RFC 6749. */
const advice: Readonly<Record<string, string>> = {
  invalid_grant:
    'the refresh token has run out, was withdrawn or is of another client: get another one and put it in place of the old',
  invalid_client: 'check client_id and client_secret',
  unauthorized_client: 'allow the client this way of logging in, or check client_id',
  invalid_scope: 'check scope',
};

/** Errors are `{"error": "invalid_grant", …}`. The status is not enough: 400 is mostly an expired refresh token. */
export const classifyTokenError: FailureClassifier = ({ status, body }) => {
  if (status < 400 || status === 429 || status >= 500) return undefined;
  const code = pageField(body, ['error']);
  if (typeof code !== 'string' || !/^[a-z_]{1,40}$/.test(code)) return undefined;
  return { kind: 'refused', detail: code, advice: advice[code] };
};
