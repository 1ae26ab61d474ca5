import type { RecordKind } from '../../records/contract.ts';
import { createRejectWriter, type RejectWriter } from '../rejects/reject-writer.ts';
import { pushSource } from '../runs/run.ts';
import type { PushCall } from './intake.ts';
import type { LargePushDeps } from './streamed-push.ts';

/** Keeps what cannot be stored of a push that goes past the buffer. */
export const createPushRejects = (
  { store, clock }: Pick<LargePushDeps, 'store' | 'clock'>,
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
