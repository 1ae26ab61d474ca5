import { setTimeout as delay } from 'node:timers/promises';
import { uuidv7 } from 'uuidv7';
import { z } from 'zod';
import type { Aliases } from '../../aliases/aliases.ts';
import type { Leases } from '../../clickhouse/leases/leases.ts';
import type { Lock } from '../../clickhouse/leases/store-lock.ts';
import type { Store } from '../../clickhouse/store.ts';
import { toUtmqlError, UtmqlError } from '../../errors.ts';
import type { Logger } from '../../logger.ts';
import type { Day } from '../../records/day.ts';
import { attributionSource } from '../../records/names.ts';
import type { Clock } from '../../time.ts';
import type { Executions, Work } from '../runs/executions.ts';
import { createRunFollower } from '../runs/follow.ts';
import { type IngestRun, isFinished, newRun } from '../runs/run.ts';
import type { RunRepository } from '../runs/run-table.ts';
import { attributedWorkspacesStatement, changedValues, touchedDaysStatement } from './alias-changes.ts';
import { type AliasRegister, aliasDigest, madeByAlone } from './alias-register.ts';
import { type Attribution, toRanges } from './attribution.ts';

/** After a failure, while it is not known whether all follows the aliases: doubled each time up to the longest. */
const retryMs = { first: 5_000, longest: 300_000 };

const dayRow = z.object({ day: z.number() });
const workspaceRow = z.object({ workspace: z.string() });

/**
 * Attributes anew what a change of aliases touches: one run for each workspace, in the background. What it has to do is worked out of
 * what the stored attribution was made by (`AliasRegister`), so a run that ended in the middle is made good by the next.
 */
export interface Reattribution {
  /** The aliases may have changed. Returns at once. */
  follow(): void;
  /** The work of such a run, by the aliases of now: also of one that is begun again. */
  readonly work: Work;
  stop(): Promise<void>;
}

export function createReattribution(options: {
  store: Store;
  register: AliasRegister;
  attribution: Pick<Attribution, 'again'>;
  /** The lock of the attribution of events. */
  eventLock: Lock;
  /** Asked for each time: a reload changes them. */
  aliases: () => Aliases;
  runs: RunRepository;
  executions: Executions;
  leases: Leases;
  clock: Clock;
  logger: Logger;
}): Reattribution {
  const { store, register, attribution, eventLock, aliases, runs, executions, leases, clock, logger } =
    options;
  const stopping = new AbortController();
  const { signal: stopped } = stopping;
  const follower = createRunFollower({ runs, executions, stopping: stopped });
  const unlimited = { max_execution_time: 0, max_rows_to_read: '0' };
  let isAsked = false;
  let working: Promise<void> | undefined;

  /** Notes the aliases of now, then tells which days they touch and what is no longer in force once these are attributed anew. */
  const begin = async (workspace: string, now: Aliases, signal: AbortSignal) => {
    const noted = await register.noted(workspace);
    await register.note(workspace, now);
    // Sets of events that are being attributed by earlier aliases at this moment have rows behind it.
    await eventLock.runExclusive(async () => undefined);
    const changed = changedValues(noted, now);
    const rows =
      changed.size === 0
        ? []
        : await store.select(dayRow, touchedDaysStatement(workspace, changed), {
            signal,
            settings: unlimited,
          });
    const digest = aliasDigest(now);
    return { days: rows.map(({ day }) => day), outdated: noted.filter((other) => other.digest !== digest) };
  };

  const attributeAll = async (
    run: IngestRun,
    signal: AbortSignal,
    report: (run: IngestRun) => void,
  ): Promise<IngestRun> => {
    const { workspace, requestId } = run;
    for (;;) {
      const now = aliases();
      const { days, outdated } = await begin(workspace, now, signal);
      let state: IngestRun = { ...run, ...extentOf(days), days: [] };
      report(state);
      for (const range of toRanges(days, 0).reverse()) {
        signal.throwIfAborted();
        const { leads, changed } = await attribution.again(workspace, range, { requestId, signal });
        state = {
          ...state,
          recordsRead: state.recordsRead + leads,
          recordsWritten: state.recordsWritten + leads,
          recordsChanged: state.recordsChanged + changed,
          days: [...state.days, ...days.filter((day) => day >= range.from && day <= range.to)],
        };
        report(state);
      }
      // They may have changed again meanwhile.
      if (aliasDigest(aliases()) !== aliasDigest(now)) continue;
      await register.forget(workspace, outdated);
      return state;
    }
  };

  const work: Work = async (run, signal, report) => {
    let last = run;
    const ended = (state: Partial<IngestRun>): IngestRun => ({ ...last, ...state, finishedAt: clock.now() });
    try {
      last = await attributeAll(run, signal, (state) => {
        last = state;
        report(state);
      });
      logger.info(
        { runId: run.id, workspace: run.workspace, days: last.days.length, changed: last.recordsChanged },
        'the attribution follows the changed aliases',
      );
      return ended({ status: 'succeeded' });
    } catch (error) {
      const reason: unknown = signal.aborted ? signal.reason : error;
      const failure = toUtmqlError(reason, 'The attribution failed for a reason that has been logged.');
      if (!signal.aborted)
        logger.warn({ err: error, runId: run.id }, 'the attribution by changed aliases failed');
      return ended({
        status: signal.aborted ? 'cancelled' : 'failed',
        errorCode: failure.code,
        errorMessage: failure.message,
      });
    }
  };

  /** A run of this or another process that is at work on the workspace, or waits. */
  const openRun = async (workspace: string): Promise<IngestRun | undefined> => {
    const newest = await runs.list(workspace, {
      source: attributionSource,
      status: undefined,
      before: undefined,
      limit: 10,
    });
    return newest.find((run) => !isFinished(run));
  };

  const followIn = async (workspace: string): Promise<void> => {
    for (let open = await openRun(workspace); open !== undefined; open = await openRun(workspace)) {
      await follower.ended(open, stopped);
      stopped.throwIfAborted();
    }
    if (madeByAlone(await register.noted(workspace), aliases())) return;
    const { days, outdated } = await begin(workspace, aliases(), stopped);
    if (days.length === 0) {
      await register.forget(workspace, outdated);
      return;
    }
    const run = newRun({
      id: uuidv7(),
      workspace,
      triggerId: uuidv7(),
      source: attributionSource,
      mode: 'upsert',
      requestedBy: 'MODEL_FILE',
      requestId: uuidv7(),
      owner: leases.owner,
      createdAt: clock.now(),
      ...extentOf(days),
    });
    logger.info(
      { runId: run.id, workspace, days: days.length },
      'aliases have changed; what they touch is attributed anew',
    );
    await executions.start(run, work);
    const ended = await executions.finished(run.id);
    if (ended?.status === 'failed') throw new UtmqlError('CONFLICT', ended.errorMessage, { retryable: true });
  };

  const followAll = async (): Promise<void> => {
    const noted = await register.notedByWorkspace();
    const found = await store.select(workspaceRow, attributedWorkspacesStatement, { settings: unlimited });
    for (const workspace of new Set([...noted.keys(), ...found.map((row) => row.workspace)])) {
      stopped.throwIfAborted();
      if (madeByAlone(noted.get(workspace) ?? [], aliases())) continue;
      // Of several processes with the same aliases one does it, and the others find it done.
      const lease = await leases.acquire(`attribution:${workspace}`, stopped);
      await followIn(workspace).finally(() => lease.release());
    }
  };

  const followUntilDone = async (): Promise<void> => {
    for (let wait = retryMs.first; isAsked && !stopped.aborted; ) {
      isAsked = false;
      try {
        await followAll();
        wait = retryMs.first;
      } catch (error) {
        if (stopped.aborted) return;
        isAsked = true;
        logger.warn(
          { err: error },
          'the attribution does not follow the changed aliases yet; it is tried again',
        );
        await delay(wait, undefined, { signal: stopped, ref: false }).catch(() => undefined);
        wait = Math.min(2 * wait, retryMs.longest);
      }
    }
  };

  return {
    follow() {
      isAsked = true;
      working ??= followUntilDone().finally(() => {
        working = undefined;
      });
    },
    work,
    async stop() {
      stopping.abort();
      await working;
    },
  };
}

const extentOf = (days: readonly Day[]): Pick<IngestRun, 'since' | 'until'> => ({
  since: days[0],
  until: days.at(-1),
});
