import type { RecordBatch } from '../../formats/feed/record-batch.ts';
import type { RecordKind } from '../../records/contract.ts';
import { pushSource } from '../../records/names.ts';
import type { DuplicateRule } from '../../sources/mapping/feed-rules.ts';
import { createAttributionMarks } from '../attribution/queue.ts';
import { isOfKind, kinds } from '../kinds/kinds.ts';
import { pushStageId } from '../storage/staged-rows.ts';
import type { PushOutcome } from './answer.ts';
import { Intake, type PushCall } from './intake.ts';
import { openPushAccepted, type PushAccepted } from './push-accepted.ts';
import { createPushRejects } from './push-rejects.ts';
import { createAttempts, type LargePushDeps } from './streamed-push.ts';

/**
 * Takes a large push whose rule for rows with one key needs all of them: into a staging table as fast as they come,
 * and from there into place, once the push has ended. One that breaks off, or has rows that it may not have, changes nothing.
 *
 * @param deps.owner this process, as the others know it
 */
export async function pushStaged<Kind extends RecordKind>(
  deps: LargePushDeps & { readonly owner: string },
  kind: Kind,
  call: PushCall,
  batches: AsyncIterable<RecordBatch>,
  options: { readonly duplicates: DuplicateRule; readonly signal: AbortSignal },
): Promise<PushOutcome> {
  const { runs, versions } = deps;
  const { workspace, requestId } = call;
  const { attributed: side, folding, isMerged, table } = kinds[kind];
  if (folding === undefined) throw new Error(`Records of the kind ${kind} are not folded.`);
  const run = runs.of(kind, call);
  const marks = createAttributionMarks(deps.attributionQueue);
  const version = versions.now() * 1_000;
  const stage = folding.createStage({
    store: deps.store,
    runId: pushStageId(deps.owner),
    workspace,
    source: pushSource,
    version,
    requestId,
    capacityBytes: deps.batchBytes,
    duplicates: options.duplicates,
  });
  const rejects = createPushRejects(deps, kind, call, run.id);
  let seen: PushAccepted | undefined;
  const intake = new Intake({
    kind,
    call,
    run,
    normalisers: deps.normalisers,
    targets: {
      record(entry) {
        seen?.see(entry);
        if (isOfKind(entry, kind)) stage.add(entry.record);
      },
      reject: (position, line, record, reject, key) => rejects.add(position, record, reject, { line, key }),
    },
  });

  const attempts = createAttempts(deps.logger, requestId);
  const { attempt } = attempts;
  let stored = { written: 0, outdated: 0 };
  await attempt(async () => {
    seen = await openPushAccepted(deps, kind, call, run.id, version);
    for await (const batch of batches) {
      intake.take(batch);
      if (stage.full) await stage.send();
      await rejects.send();
    }
    await stage.finish();
    const applied = await stage.apply({
      mode: 'upsert',
      async onDays(days) {
        if (side !== undefined) await marks.mark(workspace, side, days);
      },
      signal: options.signal,
    });
    stored = applied;
    if (isMerged) deps.merger?.add(table.name, applied.touched);
  });
  await attempt(() => rejects.send(true));
  if (attempts.failure === undefined) await attempt(async () => seen?.settle());
  // The days are marked on disk: where this fails, the queue tries them again, and logs it.
  await marks.settle(requestId).catch(() => undefined);
  await stage
    .discard()
    .catch((error: unknown) =>
      deps.logger.warn({ err: error }, 'staged rows could not be dropped; TTL will'),
    );

  const { identical, conflicting, summed = 0 } = stage.progress().duplicates;
  const isStored = attempts.failure === undefined || stored.written + stored.outdated > 0;
  const duplicates = isStored
    ? { identical, conflicting, summed }
    : { identical: 0, conflicting: 0, summed: 0 };
  const accepted = isStored ? intake.accepted : 0;
  const unconfirmed = intake.accepted - accepted;
  runs.add(run, intake.counts(0, duplicates, { outdated: stored.outdated, unconfirmed }));
  return { answer: intake.answer(accepted, duplicates, true), failure: attempts.failure };
}
