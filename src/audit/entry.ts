import type { Identity } from '../access/caller.ts';
import type { AuditDetails } from './details.ts';

export const auditKinds = ['mutation', 'query', 'denied', 'key'] as const;
export type AuditKind = (typeof auditKinds)[number];

/** Who did something; undefined where nobody said who they are, or could prove it. */
export type Actor = Pick<Identity, 'id' | 'name' | 'role'> | undefined;

/** Something that somebody did, or was kept from doing. */
export interface AuditEntry {
  readonly kind: AuditKind;
  /** A field of Mutation or Query, the path of an endpoint, or what became of a key. */
  readonly action: string;
  /** `ok`, or the code of the error. */
  readonly outcome: string;
  readonly actor: Actor;
  /** Empty: nobody knows whose. */
  readonly workspace: string;
  readonly requestId: string;
  readonly durationMs: number;
  /** How many alike it stands for. */
  readonly attempts: number;
  readonly details: AuditDetails;
}
