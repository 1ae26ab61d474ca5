import type { Store } from '../../clickhouse/store.ts';
import type { RecordKind } from '../../records/contract.ts';
import { pushSource } from '../../records/names.ts';
import type { Clock } from '../../time.ts';
import { createRejectWriter, type RejectWriter } from '../rejects/reject-writer.ts';
import type { PushCall } from './intake.ts';

/** Keeps what cannot be stored of a push that goes past the buffer. */
export const createPushRejects = (
  { store, clock }: { readonly store: Store; readonly clock: Clock },
  kind: RecordKind,
  { workspace, requestId, namespace, reading }: PushCall,
  runId: string,
): RejectWriter =>
  createRejectWriter({
    store,
    run: { id: runId, workspace, source: pushSource, requestId },
    namespace,
    reading: reading?.parameters,
    kind,
    now: () => clock.now(),
  });
