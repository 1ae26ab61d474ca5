import type { Store } from '../../clickhouse/store.ts';
import type { RecordKind } from '../../records/contract.ts';
import type { Clock } from '../../time.ts';
import { type KindRecord, keyOf, kinds } from '../kinds/kinds.ts';
import { createAcceptedKeys, loadOpenRejects } from '../rejects/accepted-keys.ts';
import { storedKey } from '../rejects/reject-row.ts';
import { namespaceOfPush, type PushCall } from './intake.ts';

/** Ends the rejected records, of whatever source, whose keys a push stores that goes past the buffer. */
export interface PushAccepted {
  see(record: KindRecord): void;
  /** Call it once all are stored. */
  settle(): Promise<void>;
}

/** @param version of the records, microseconds */
export async function openPushAccepted(
  { store, clock }: { readonly store: Store; readonly clock: Clock },
  kind: RecordKind,
  call: PushCall,
  runId: string,
  version: number,
): Promise<PushAccepted> {
  const { workspace, requestId } = call;
  const namespace = namespaceOfPush(call);
  const open = await loadOpenRejects(store, { workspace, kind }, requestId);
  const { dayOfKey } = kinds[kind];
  const keys = createAcceptedKeys(open, { store, workspace, requestId, now: () => clock.now(), dayOfKey });
  return {
    see: (record) => keys.see(record.record.day, () => storedKey(kind, namespace, keyOf(record)), version),
    settle: () => keys.settle(runId),
  };
}
