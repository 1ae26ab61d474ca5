import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createKeysCommand } from '../src/access/manage-keys.ts';
import type { OwnServer } from '../src/clickhouse/own-server/server.ts';
import type { Day } from '../src/records/day.ts';
import { systemClock } from '../src/time.ts';
import { type Program, startProgram } from './program.ts';
import { documentOf, questions } from './questions.ts';
import { ms, percentile, printTable, progress, ratio } from './table.ts';

const rounds = 3;
const idleMs = 6_000;
const overloadMs = 15_000;
/** Between two questions of one who looks at figures. */
const pauseMs = 25;
const heavyAccounts = 3;
/** Heavy questions of each account on their way at a time. */
const heavyAtATime = 8;
/** A caller who is refused asks again no later than this. */
const longestPauseMs = 2_000;

type Headers = Readonly<Record<string, string>>;

/** What came of the questions of one kind of caller. */
interface Outcome {
  readonly ms: number[];
  /** Of questions that were not answered: how many, by error code. */
  readonly refused: Map<string, number>;
}

const newOutcome = (): Outcome => ({ ms: [], refused: new Map() });

/**
 * Cheap questions of an account that asks nothing else, and of one that asks many heavy ones, beside those of several such
 * accounts; and of the first one alone, in turns. The bar: p95 at most three times as long as alone.
 */
export async function benchOverload(server: OwnServer, database: string, today: Day): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'utmql-bench-keys-'));
  const file = join(folder, 'keys.json');
  const createKey = createKeysCommand({ file, usesFile: join(folder, 'uses.json'), clock: systemClock });
  const account = async (name: string): Promise<Headers> => {
    const [key = ''] = (
      await createKey({ verb: 'create' }, { name, role: 'viewer', workspace: ['default'] })
    ).split('\n');
    return { 'x-api-key': key };
  };
  const calm = await account('calm');
  const busy: Headers[] = [];
  for (let index = 0; index < heavyAccounts; index++) busy.push(await account(`busy ${index}`));
  const program = await startProgram(server, database, {
    API_KEYS_FILE: file,
    RESPONSE_CACHE_TTL_MS: '0',
    RATE_LIMIT_PER_MINUTE: '1000000',
    QUERY_COST_PER_MINUTE: '1000000000',
  });
  const [idle, other, same, heavy] = [newOutcome(), newOutcome(), newOutcome(), newOutcome()];
  try {
    await Promise.all([
      askUntil(performance.now() + 2_000, program, cheapOf(today), calm, newOutcome()),
      askUntil(performance.now() + 2_000, program, heavyOf(today), calm, newOutcome()),
    ]);
    for (let round = 0; round < rounds; round++) {
      const askCheaply = (until: number, of: Outcome, ofBusy: Outcome): Promise<unknown> =>
        Promise.all([
          askUntil(until, program, cheapOf(today), calm, of),
          askUntil(until, program, cheapOf(today), busy[0] ?? calm, ofBusy),
        ]);
      await askCheaply(performance.now() + idleMs, idle, idle);
      const end = performance.now() + overloadMs;
      const asking = busy.flatMap((headers) =>
        Array.from({ length: heavyAtATime }, () => askUntil(end, program, heavyOf(today), headers, heavy, 0)),
      );
      // The queue fills first.
      await delay(1_000);
      await askCheaply(end, other, same);
      await Promise.all(asking);
      progress(
        `round ${round + 1}: p95 alone ${ms(percentile(idle.ms, 0.95))}, beside heavy questions ${ms(percentile(other.ms, 0.95))}, of the same account ${ms(percentile(same.ms, 0.95))}`,
      );
    }
  } finally {
    await program.stop();
    await rm(folder, { recursive: true, force: true });
  }
  const row = (title: string, { ms: times, refused }: Outcome): string[] => [
    title,
    String(times.length),
    ms(percentile(times, 0.5)),
    ms(percentile(times, 0.95)),
    ratio(percentile(times, 0.95) / percentile(idle.ms, 0.95)),
    [...refused].map(([code, count]) => `${count} ${code}`).join(', ') || 'none',
  ];
  printTable(
    `Cheap questions beside heavy ones: ${heavyAccounts} accounts, ${heavyAtATime} at a time each`,
    ['what', 'answers', 'p50', 'p95', 'p95 / alone', 'refused'],
    [
      row('cheap ones alone', idle),
      row('cheap ones of another account', other),
      row('cheap ones of an account with heavy ones', same),
      row('heavy ones', heavy),
    ],
  );
}

/** One after the other, for ever. Each is a document of its own, so that no caller shares another's query. */
function* cheapOf(today: Day): Generator<string> {
  for (;;) for (const question of questions) yield `${documentOf(question, today)} # ${Math.random()}`;
}

/** Each ad is a group of its own, and no sums are kept for it. */
function* heavyOf(today: Day): Generator<string> {
  const document = documentOf(
    {
      title: 'ads of a year by cost a click',
      days: 365,
      arguments:
        'groupBy: [AD_ID, CAMPAIGN_ID, CHANNEL, UTM_SOURCE, UTM_MEDIUM, UTM_CONTENT], orderBy: [{ measure: CPC }], first: 100',
      query: {},
      measures: ['cost', 'clicks', 'cpc', 'leads'],
      dimensions: ['adId'],
    },
    today,
  );
  for (;;) yield `${document} # ${Math.random()}`;
}

async function askUntil(
  endMs: number,
  { url }: Program,
  documents: Iterable<string>,
  headers: Headers,
  outcome: Outcome,
  pause = pauseMs,
): Promise<void> {
  for (const query of documents) {
    if (performance.now() >= endMs) return;
    const started = performance.now();
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ query }),
    });
    const { errors } = (await response.json()) as { errors?: { extensions: { code: string } }[] };
    const code = errors?.[0]?.extensions.code;
    if (code === undefined) {
      outcome.ms.push(performance.now() - started);
      await delay(pause);
    } else {
      outcome.refused.set(code, (outcome.refused.get(code) ?? 0) + 1);
      await delay(Math.min(Number(response.headers.get('retry-after') ?? 0) * 1_000, longestPauseMs));
    }
  }
}
