import { beforeEach, describe, expect, it } from 'vitest';
import { createPushRuns, type PushCounts, type PushRuns } from '../../../src/ingest/push/push-runs.ts';
import type { IngestRun } from '../../../src/ingest/runs/run.ts';
import type { RunRepository } from '../../../src/ingest/runs/run-table.ts';
import { silent } from '../../support/database.ts';

let saved: IngestRun[];
let now: number;
let runs: PushRuns;
const counts = (some: Partial<PushCounts>): PushCounts => ({
  read: 0,
  waiting: 0,
  rejected: {},
  skipped: {},
  folded: new Map(),
  repairs: {},
  unknownFields: {},
  bytes: 0,
  ...some,
});
const caller = (name: string) => ({ workspace: 'w', requestId: 'r', name });
const latest = (id: string): IngestRun | undefined => saved.filter((run) => run.id === id).at(-1);

beforeEach(() => {
  saved = [];
  now = Date.UTC(2026, 0, 1);
  const repository: Pick<RunRepository, 'save'> = {
    save: async (run) => {
      saved.push(run);
    },
  };
  runs = createPushRuns({
    runs: repository as RunRepository,
    owner: 'o',
    clock: { now: () => now },
    logger: silent,
    isStoreAway: () => false,
    onPush: () => undefined,
  });
});

describe('a run of pushed records', () => {
  it('gathers the pushes of one kind and workspace for ten minutes, whoever sent them', async () => {
    const first = runs.of('event', caller('ana'));
    now += 599_999;
    expect(runs.of('event', caller('bo'))).toBe(first);
    expect(runs.of('opportunity', caller('ana'))).not.toBe(first);
    expect(runs.of('event', { ...caller('ana'), workspace: 'other' })).not.toBe(first);
    now += 1;
    expect(runs.of('event', caller('ana'))).not.toBe(first);
    runs.add(first, counts({ read: 1 }));
    await runs.save();
    expect(latest(first.id)).toMatchObject({
      source: 'push',
      requestedBy: 'ana, bo',
      workspace: 'w',
      owner: 'o',
    });
  });

  it('is running while records wait in the buffer, and has succeeded once they are stored', async () => {
    const run = runs.of('event', caller('ana'));
    runs.add(run, counts({ read: 5, waiting: 3, rejected: { malformed: 1 }, skipped: { duplicate: 1 } }));
    await runs.save();
    expect(latest(run.id)).toMatchObject({ status: 'running', finishedAt: undefined, recordsWritten: 0 });
    now += 50;
    runs.drained('event', 'w', { records: 3, outdated: 0, refused: 1 });
    await runs.save();
    expect(latest(run.id)).toMatchObject({
      status: 'succeeded',
      finishedAt: now,
      recordsRead: 5,
      recordsWritten: 2,
      recordsRejected: { malformed: 1, refused_by_store: 1 },
      recordsSkipped: { duplicate: 1 },
    });
  });

  it('counts what is stored later for the run that accepted it, in order', async () => {
    const first = runs.of('event', caller('ana'));
    runs.add(first, counts({ read: 2, waiting: 2 }));
    now += 600_000;
    const second = runs.of('event', caller('ana'));
    runs.add(second, counts({ read: 3, waiting: 3 }));
    runs.drained('event', 'w', { records: 3, outdated: 0, refused: 0 });
    await runs.save();
    expect([latest(first.id)?.recordsWritten, latest(second.id)?.recordsWritten]).toEqual([2, 1]);
  });

  it('counts records that an earlier process had accepted', async () => {
    runs.drained('event', 'w', { records: 4, outdated: 1, refused: 0 });
    await runs.save();
    expect(saved.at(-1)).toMatchObject({
      recordsRead: 4,
      recordsWritten: 3,
      recordsSkipped: { outdated: 1 },
    });
  });

  it('gives each record a position of its own', () => {
    const run = runs.of('event', caller('ana'));
    expect([run.reserve(3), run.reserve(2), run.reserve(1)]).toEqual([1, 4, 6]);
  });

  it('keeps at most 100 names of unknown fields', async () => {
    const run = runs.of('event', caller('ana'));
    for (let name = 0; name < 150; name++) runs.add(run, counts({ unknownFields: { [`f${name}`]: 2 } }));
    await runs.save();
    const fields = latest(run.id)?.unknownFields ?? {};
    expect([Object.keys(fields).length, fields['(other)']]).toEqual([101, 100]);
  });
});
