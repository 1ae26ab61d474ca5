import type { Role } from '../roles.ts';
import type { Caller } from './caller.ts';

/** The grants, each with the roles that have it. */
export const grants = {
  /** Read figures and the records behind them. */
  read: ['viewer', 'admin'],
  /** Bring in data, and see rejected records. */
  ingest: ['ingestor', 'admin'],
  /** Follow the progress of ingestion. */
  follow: ['viewer', 'ingestor', 'admin'],
  admin: ['admin'],
} as const satisfies Record<string, readonly Role[]>;

export type Grant = keyof typeof grants;

/** The `extensions` of a GraphQL root field. A field without a grant is for admins only. */
export interface RootField {
  readonly access: Grant;
  /** True if the field applies the row policy of a caller. Without it, the field refuses callers who have a row policy. */
  readonly keepsPolicy?: true;
  /** True if the result changes with time and must not come from a cache. */
  readonly volatile?: true;
  /** True if the result depends on who asks, beyond what they may see. It is never given to others who ask the same. */
  readonly isPersonal?: true;
  /** True if the result is figures, which a share link may show. */
  readonly isShareable?: true;
}

/** The `extensions` of a nested field. By default it has the grant of its root field. */
export interface InnerField {
  readonly access?: Grant;
  /** False if the field refuses callers who have a row policy. */
  readonly keepsPolicy?: false;
}

export const isAllowed = ({ role }: Pick<Caller, 'role'>, grant: Grant): boolean =>
  (grants[grant] as readonly Role[]).includes(role);
