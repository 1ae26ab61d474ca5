import type { Role } from '../roles.ts';
import type { Caller } from './caller.ts';

/** What can be asked for, by what it is for, with the roles that may. */
export const grants = {
  /** Figures and what they are made of. */
  read: ['viewer', 'admin'],
  /** Whatever brings data in, and the raw records that could not be taken. */
  ingest: ['ingestor', 'admin'],
  /** How ingestion goes. */
  follow: ['viewer', 'ingestor', 'admin'],
  admin: ['admin'],
} as const satisfies Record<string, readonly Role[]>;

export type Grant = keyof typeof grants;

/** What the `extensions` of a GraphQL root field say. One that does not say who may ask for it is for admins. */
export interface RootField {
  readonly access: Grant;
  /** Shows those whom a row policy restricts only what it lets through; without it, they are refused. */
  readonly keepsPolicy?: true;
  /** News, which must not be given again from a cache. */
  readonly volatile?: true;
}

/** What those of a field within another can say: by default it is for all who may ask for that. */
export interface InnerField {
  readonly access?: Grant;
  /** Cannot be shown to those whom a row policy restricts. */
  readonly keepsPolicy?: false;
}

export const isAllowed = ({ role }: Pick<Caller, 'role'>, grant: Grant): boolean =>
  (grants[grant] as readonly Role[]).includes(role);
