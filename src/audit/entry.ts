import type { Identity } from '../access/caller.ts';
import type { AuditDetails } from './details.ts';

export const auditKinds = ['mutation', 'query', 'denied', 'key', 'share'] as const;
export type AuditKind = (typeof auditKinds)[number];

/** Who did something; undefined if the caller is not authenticated. */
type Actor = Pick<Identity, 'id' | 'name' | 'role'> | undefined;

/** An action that was done or denied. */
export interface AuditEntry {
  readonly kind: AuditKind;
  /** A field of Mutation or Query, the path of an endpoint, or the change of a key. */
  readonly action: string;
  /** `ok`, or the code of the error. */
  readonly outcome: string;
  readonly actor: Actor;
  /** Empty if the workspace is unknown. */
  readonly workspace: string;
  readonly requestId: string;
  readonly durationMs: number;
  /** Number of equal attempts that this entry counts. */
  readonly attempts: number;
  readonly details: AuditDetails;
}
