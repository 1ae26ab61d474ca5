import type { DataScope } from '../metrics/data-scope.ts';
import type { Filter } from '../metrics/filter.ts';
import type { Model } from '../metrics/model.ts';
import type { Role } from '../roles.ts';

/** The owner of an API key or a token. */
export interface Identity {
  /** Equal for all calls with one key, or with tokens of one subject. */
  readonly id: string;
  /** A name for people, shown in runs and logs. */
  readonly name: string;
  readonly role: Role;
  /** The first is the default. */
  readonly workspaces: readonly string[] | 'all';
  /** A filter on ads rows and CRM records: all others are invisible. Undefined: all are visible. */
  readonly policy: Filter | undefined;
  /** Epoch milliseconds; undefined if it does not expire. */
  readonly expiresAt: number | undefined;
}

/** The workspace and request that a run is started for, or records are accepted for. */
export interface Requester {
  readonly workspace: string;
  readonly requestId: string;
  readonly name: string;
}

/** An identity in a workspace. */
export interface Caller extends Identity, Requester {
  /** Has a share link and nothing else: is shown figures, and nothing of the feeds behind them. */
  readonly isGuest?: true;
}

/** Returns which data a caller may see, and what its values count as. */
export const dataScope = ({
  caller: { workspace, policy },
  model,
}: {
  readonly caller: Caller;
  readonly model: Model | undefined;
}): DataScope => ({ workspace, policy, model });

/** The identity of every caller of a server without authentication. */
export const anonymous: Identity = {
  id: 'anonymous',
  name: 'anonymous',
  role: 'admin',
  workspaces: 'all',
  policy: undefined,
  expiresAt: undefined,
};

/** Returns a filter for the ads rows of these channels and the CRM records attributed to them. */
export const onlyChannels = (channels: readonly string[]): Filter => ({
  dimension: 'channel',
  operator: 'in',
  values: channels,
});
