import type { DataScope } from '../metrics/data-scope.ts';
import type { Filter } from '../metrics/filter.ts';
import type { Role } from '../roles.ts';

/** Who is behind an API key or a token. */
export interface Identity {
  /** The same for every call with the same key, or with tokens of the same subject. */
  readonly id: string;
  /** For people: stands in runs and logs. */
  readonly name: string;
  readonly role: Role;
  /** The first is the usual one. */
  readonly workspaces: readonly string[] | 'all';
  /** Of ads rows and CRM records, only those that it lets through. */
  readonly policy: Filter | undefined;
  /** Epoch milliseconds; undefined: never. */
  readonly expiresAt: number | undefined;
}

/** For whom a run is started, or records are taken. */
export interface Requester {
  readonly workspace: string;
  readonly requestId: string;
  readonly name: string;
}

/** Who calls, and in which workspace. */
export interface Caller extends Identity, Requester {}

/** What a caller may see. */
export const dataScope = ({ workspace, policy }: Caller): DataScope => ({ workspace, policy });

/** Everybody, where nobody has to log in. */
export const anonymous: Identity = {
  id: 'anonymous',
  name: 'anonymous',
  role: 'admin',
  workspaces: 'all',
  policy: undefined,
  expiresAt: undefined,
};

/** Ads rows of these channels, and CRM records that are attributed to them. */
export const onlyChannels = (channels: readonly string[]): Filter => ({
  dimension: 'channel',
  operator: 'in',
  values: channels,
});
