import { recordKinds } from '../../records/contract.ts';
import type { KindRecord } from '../kinds/kinds.ts';
import type { RejectRow } from '../rejects/reject-row.ts';
import type { PushAnswerRow } from './idempotency.ts';

/** A normalised record on its way to ClickHouse. */
export type RecordPayload = KindRecord & {
  readonly workspace: string;
  /** Who reported it: `push`, or the source whose rejected record is tried again. */
  readonly source: string;
  /** Whose ids an opportunity has; undefined: those of its source. */
  readonly namespace?: string | undefined;
  /** Microseconds: when what it says was true. */
  readonly version: number;
};

interface RejectPayload {
  readonly kind: 'reject';
  readonly row: RejectRow;
}

interface AnswerPayload {
  readonly kind: 'answer';
  readonly row: PushAnswerRow;
}

/** What one entry of the write-ahead buffer holds. */
export type Payload = RecordPayload | RejectPayload | AnswerPayload;

export const encodePayload = (payload: Payload): Buffer => Buffer.from(JSON.stringify(payload));

const kinds: ReadonlySet<unknown> = new Set([...recordKinds, 'reject', 'answer'] satisfies Payload['kind'][]);

/**
 * The buffer's checksums vouch for the bytes, and this program wrote them; so only what another version of it may have
 * written differently is looked at. Undefined: nothing that is known here.
 */
export function decodePayload(bytes: Buffer): Payload | undefined {
  try {
    const value: unknown = JSON.parse(bytes.toString());
    const isKnown = typeof value === 'object' && value !== null && 'kind' in value && kinds.has(value.kind);
    return isKnown ? (value as Payload) : undefined;
  } catch {
    return undefined;
  }
}
