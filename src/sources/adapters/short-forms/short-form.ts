/** Keys that name the account, each in its platform's term. */
export const accountKeys = ['customer', 'account', 'advertiser', 'domain'] as const;
type AccountKey = (typeof accountKeys)[number];

/** Kinds of credentials, under the platforms' names. */
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

/** An account in the sources file. */
interface AccountSettings {
  /** The account's id as `ShortForm.account` returns it; empty where the credentials identify it. */
  readonly account: string;
  readonly credentials: Credentials;
  readonly apiVersion: string;
  /** The platform's address, without a trailing slash. */
  readonly baseUrl: string;
  /** Fields of the platform that the source's own settings read, as paths. */
  readonly reads: readonly (readonly string[])[];
  /** Fields that its breakdowns read. */
  readonly breakdowns: readonly (readonly string[])[];
}

interface Oauth2 {
  readonly token_url: string;
  readonly client_id: string;
  readonly client_secret: string;
  readonly refresh_token?: string | undefined;
}

/** Complete settings, as they could stand in the sources file. */
interface FullSettings {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly auth?:
    | { readonly bearer: string }
    | { readonly query: Readonly<Record<string, string>> }
    | { readonly header: { readonly name: string; readonly value: string } }
    | { readonly oauth2: Oauth2 };
  readonly parameters?: Readonly<Record<string, string>>;
  /** One request per body. */
  readonly body?: readonly string[];
  readonly fields?: Readonly<Record<string, string[]>>;
  readonly defaults?: Readonly<Record<string, string>>;
  readonly rate_limit?: { readonly per_second: number; readonly burst: number };
  readonly days_per_request?: number;
}

/** Configures a source of a platform by its account and credentials alone. */
export interface ShortForm {
  /** The key that names the account; undefined: the credentials identify it. */
  readonly account?: {
    readonly key: AccountKey;
    /** Returns the account as in the platform's addresses; undefined if invalid. */
    readonly read: (written: string) => string | undefined;
    readonly expected: string;
  };
  /** Alternative sets of credentials; one is required. */
  readonly credentials: readonly (readonly CredentialName[])[];
  readonly optionalCredentials?: readonly CredentialName[];
  readonly apiVersion: string;
  readonly baseUrl: (account: string) => string;
  /** Paths that breakdowns can read, where the report has a fixed set of columns. */
  readonly breakdownColumns?: readonly string[];
  /** Why `currency` is required: the platform returns amounts without it. */
  readonly currency?: string;
  expand(given: AccountSettings): FullSettings;
}

/** OAuth 2.0 settings: with the client's credentials, or with a refresh token where there is one. */
export const oauth2 = (
  { client_id = '', client_secret = '', refresh_token, token_url }: Credentials,
  usualTokenUrl: string,
): { readonly oauth2: Oauth2 } => ({
  oauth2: { token_url: token_url ?? usualTokenUrl, client_id, client_secret, refresh_token },
});

/** Creates a reader of numeric ids, which platforms also display with dashes or a prefix. */
export const digits =
  (prefix = /^/) =>
  (written: string): string | undefined => {
    const id = written.trim().replace(prefix, '').replaceAll('-', '');
    return /^\d{1,20}$/.test(id) ? id : undefined;
  };
