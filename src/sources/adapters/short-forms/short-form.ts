/** Keys that say which account it is, each in its platform's own word. */
export const accountKeys = ['customer', 'account', 'advertiser', 'domain'] as const;
type AccountKey = (typeof accountKeys)[number];

/** What platforms log callers in with, by the names that they call it. */
export const credentialNames = [
  'access_token',
  'developer_token',
  'login_customer_id',
  'client_id',
  'client_secret',
  'refresh_token',
] as const;
type CredentialName = (typeof credentialNames)[number];
export type Credentials = {
  readonly [Name in CredentialName | 'token_url']?: string | undefined;
};

/** What the sources file says of an account. */
interface Given {
  /** The account's id, as `ShortForm.account` reads it; empty for platforms whose credentials say it all. */
  readonly account: string;
  readonly credentials: Credentials;
  readonly apiVersion: string;
  /** The platform's address, without a slash at its end. */
  readonly baseUrl: string;
  /** Fields of the platform that the source's own settings read, as paths. */
  readonly reads: readonly (readonly string[])[];
  /** Those that its breakdowns read. */
  readonly breakdowns: readonly (readonly string[])[];
}

interface Oauth2 {
  readonly token_url: string;
  readonly client_id: string;
  readonly client_secret: string;
  readonly refresh_token?: string | undefined;
}

/** Settings in full, as somebody could have written them into the sources file. */
interface WrittenOut {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly auth?:
    | { readonly bearer: string }
    | { readonly query: Readonly<Record<string, string>> }
    | { readonly header: { readonly name: string; readonly value: string } }
    | { readonly oauth2: Oauth2 };
  readonly parameters?: Readonly<Record<string, string>>;
  /** One request each. */
  readonly body?: readonly string[];
  readonly fields?: Readonly<Record<string, string[]>>;
  readonly defaults?: Readonly<Record<string, string>>;
  readonly rate_limit?: { readonly per_second: number; readonly burst: number };
  readonly days_per_request?: number;
}

/** How a source of a platform is configured by its account and credentials alone. */
export interface ShortForm {
  /** Which key names the account; undefined: the credentials do. */
  readonly account?: {
    readonly key: AccountKey;
    /** The account as the platform's addresses have it; undefined when it cannot be one. */
    readonly read: (written: string) => string | undefined;
    readonly expected: string;
  };
  /** Sets of credentials, one of which is needed. */
  readonly credentials: readonly (readonly CredentialName[])[];
  readonly optionalCredentials?: readonly CredentialName[];
  readonly apiVersion: string;
  readonly baseUrl: (account: string) => string;
  /** What breakdowns can read, as paths, where the report has these columns and no others. */
  readonly breakdownColumns?: readonly string[];
  /** Why the account's currency must be said: the platform tells amounts without it. */
  readonly currency?: string;
  writeOut(given: Given): WrittenOut;
}

/** With the client's credentials, or with the refresh token that came with them. */
export const oauth2 = (
  { client_id = '', client_secret = '', refresh_token, token_url }: Credentials,
  usualTokenUrl: string,
): { readonly oauth2: Oauth2 } => ({
  oauth2: { token_url: token_url ?? usualTokenUrl, client_id, client_secret, refresh_token },
});

/** An id of digits, which platforms also show with dashes or with their own prefix. */
export const digits =
  (prefix = /^/) =>
  (written: string): string | undefined => {
    const id = written.trim().replace(prefix, '').replaceAll('-', '');
    return /^\d{1,20}$/.test(id) ? id : undefined;
  };
