import type { Identity, Requester } from '../../access/caller.ts';
import { badInput } from '../../errors.ts';
import type { Day } from '../../records/day.ts';
import type { Source } from '../../sources/source.ts';
import type { IngestMode, IngestRun } from '../runs/run.ts';

/** From which day to ask, where the caller named none: what may have been restated since the last good run is read again. */
export const overlapFrom = (watermark: Day | undefined, restatesDays: number): Day | undefined =>
  watermark === undefined ? undefined : watermark - restatesDays;

/**
 * Up to which day the source's data are complete after a good run: the last day that it returned, but not beyond the day it
 * ran on (a feed may hold one wrong date in the future). A source that lags behind is so asked again for what it lacked.
 * A run that began behind the watermark leaves a gap, and moves nothing.
 */
export function watermarkAfter(run: IngestRun, before: Day | undefined, today: Day): Day | undefined {
  const last = run.days.at(-1);
  if (run.dryRun || run.replayOf !== '' || last === undefined) return before;
  const reached = Math.min(last, today, run.until ?? last);
  if (before === undefined) return reached;
  const leavesGap = run.since !== undefined && run.since > before + 1;
  return leavesGap ? before : Math.max(before, reached);
}

/** What a caller asks to be pulled. */
export interface TriggerInput {
  /** Names of sources; all of the workspace's when undefined. */
  readonly sources: readonly string[] | undefined;
  readonly since: Day | undefined;
  readonly until: Day | undefined;
  /** They were counted back from today: a repeat of the call on a later day means the days of the first. */
  readonly countsBack: boolean;
  /** Each source's own when undefined. */
  readonly mode: IngestMode | undefined;
  readonly dryRun: boolean;
  /** Whether runs that would take a lot away wait as `held`. */
  readonly guard: boolean;
  /** Answer only when every run has finished. */
  readonly wait: boolean;
  readonly idempotencyKey: string | undefined;
  /** Whether the same call starts runs again that failed, were cancelled, or could not read every record. */
  readonly retriesRuns: boolean;
}

/** All sources, each in its own mode, from its watermark on. */
export const everything: TriggerInput = {
  sources: undefined,
  since: undefined,
  until: undefined,
  countsBack: false,
  mode: undefined,
  dryRun: false,
  guard: true,
  wait: false,
  idempotencyKey: undefined,
  retriesRuns: true,
};

/** Whether a run that is at work does what the call asks of this source. */
export const isSame = (run: IngestRun, source: Source, mode: IngestMode, input: TriggerInput): boolean =>
  run.workspace === source.workspace &&
  run.source === source.name &&
  run.mode === mode &&
  run.dryRun === input.dryRun &&
  run.guard === input.guard &&
  run.since === input.since &&
  run.until === input.until &&
  run.replayOf === '';

/** Who triggers runs, and the workspaces that errors may name to them: their own where nothing is said. */
export type TriggerCaller = Requester & { readonly workspaces?: Identity['workspaces'] };

/** @throws UtmqlError BAD_USER_INPUT for an unknown source or a reversed range, with the valid choices */
export function chooseSources(
  all: readonly Source[],
  input: TriggerInput,
  caller: TriggerCaller,
): readonly Source[] {
  const own = all.filter((source) => source.workspace === caller.workspace);
  const names = own.map((source) => source.name);
  if (own.length === 0) {
    const others = otherWorkspaces(all, caller, 'some');
    throw badInput(
      others === ''
        ? 'No sources are configured. Set ADS_API_URL, CRM_API_URL or SOURCES_FILE and restart.'
        : `The workspace ${caller.workspace} has no sources. ${others}`,
    );
  }
  if (input.since !== undefined && input.until !== undefined && input.since > input.until) {
    throw badInput('since is after until; swap them.');
  }
  if (input.sources === undefined) return own;
  if (input.sources.length === 0)
    throw badInput(`sources is empty; leave it out for all, or choose of ${names.join(', ')}.`);
  const unknown = input.sources.find((name) => !names.includes(name));
  if (unknown !== undefined) {
    const same = all.filter(({ name }) => name === unknown);
    const others = otherWorkspaces(same, caller, 'it');
    throw badInput(
      `sources: there is no source ${JSON.stringify(unknown)}; choose of ${names.join(', ')}. ${others}`.trimEnd(),
    );
  }
  return own.filter((source) => input.sources?.includes(source.name));
}

/** A sentence on the other workspaces of `sources` that the caller may use; empty if there are none. */
function otherWorkspaces(
  sources: readonly Source[],
  { workspace: own, workspaces }: TriggerCaller,
  what: string,
): string {
  const isOpen = (name: string): boolean => workspaces === 'all' || workspaces?.includes(name) === true;
  const byWorkspace = new Map<string, string[]>();
  for (const { workspace, name } of sources) {
    if (workspace === own || !isOpen(workspace)) continue;
    byWorkspace.set(workspace, [...(byWorkspace.get(workspace) ?? []), name]);
  }
  if (byWorkspace.size === 0) return '';
  const told = [...byWorkspace].map(([workspace, names]) => `${workspace} (${names.join(', ')})`);
  const whose = told.length === 1 ? 'Another workspace has' : 'Other workspaces have';
  return `${whose} ${what}: ${told.join('; ')}. The header X-Workspace selects it.`;
}

/**
 * The call with the days of the first one of its idempotency key, where days were counted back from today, as many then as now.
 *
 * @param earlier runs of that key
 */
export function withFirstDays(input: TriggerInput, [first]: readonly IngestRun[]): TriggerInput {
  if (!input.countsBack || first?.since === undefined || first.until === undefined) return input;
  const { since = first.since, until = first.until } = input;
  return first.until - first.since === until - since
    ? { ...input, since: first.since, until: first.until }
    : input;
}

/**
 * @param earlier runs of the call's idempotency key
 * @param chosen the sources that the call is about
 * @throws UtmqlError BAD_USER_INPUT when one of the runs belonged to another call
 */
export function refuseOtherCall(
  earlier: readonly IngestRun[],
  input: TriggerInput,
  chosen: readonly Source[],
): void {
  const modes = new Map(chosen.map((source) => [source.name, input.mode ?? source.defaultMode]));
  const other = earlier.find(
    (run) =>
      run.since !== input.since ||
      run.until !== input.until ||
      run.dryRun !== input.dryRun ||
      run.guard !== input.guard ||
      modes.get(run.source) !== run.mode,
  );
  if (other !== undefined) {
    throw badInput(
      `idempotencyKey: ${JSON.stringify(other.idempotencyKey)} was used for another call; use a new key for this one.`,
    );
  }
}
