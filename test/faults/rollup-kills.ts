import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { startClickHouse } from './clickhouse.ts';
import { inTemporaryFolder } from './folders.ts';
import { killHard } from './processes.ts';
import { createProgram, type Program } from './program.ts';
import { createRandom } from './random.ts';
import { createFindings } from './report.ts';
import { defineScenario } from './scenario.ts';
import { createSqlReader } from './sql-reader.ts';

const dayCount = 75;
const readyWithinMs = 120_000;
const builtWithinMs = 120_000;
/** Of the records of a push, those that delete what an earlier push has brought. */
const deletedShare = 0.1;

const groupings = [
  'groupBy: [CHANNEL]',
  'groupBy: [DATE, CHANNEL], granularity: MONTH',
  'groupBy: [UTM_SOURCE, UTM_MEDIUM]',
  'groupBy: [CAMPAIGN_ID], orderBy: [{ measure: COST, direction: DESC }, { dimension: CAMPAIGN_ID }]',
  'groupBy: [DATE]',
  'groupBy: [MATCH]',
  'where: { campaignId: { eq: "C-3" } }',
];

/** `kill -9` of the program or its ClickHouse while it builds rollups. */
export const rollupKills = defineScenario({
  name: 'rollups',
  law: 'figures from rollups are those of the rows, whenever the program or its ClickHouse is killed while rollups are built',
  sizes: {
    test: { kills: 2, records: 300, longestUpMs: 3_000 },
    full: { kills: 60, records: 3_000, longestUpMs: 9_000 },
  },
  run: (size, { command, progress }) =>
    inTemporaryFolder(async (dataDir) => {
      const findings = createFindings();
      const seed = Date.now() % 1_000_000;
      const random = createRandom(seed);
      const today = Math.floor(Date.now() / 86_400_000);
      const counts = { compared: 0, different: 0, program: 0, clickhouse: 0 };
      const sources = new Map<string, number>();
      let example = '';
      const program = createProgram({
        command,
        environment: { DATA_DIR: dataDir, ROLLUPS_MIN_ROWS: '0', RESPONSE_CACHE_TTL_MS: '0' },
      });
      const compare = async (): Promise<void> => {
        const from = today - Math.floor(random() * dayCount);
        const to = from + Math.floor(random() * (today - from + 1));
        for (const grouping of groupings) {
          const [fromRollups, fromRows] = await Promise.all([
            ask(program, from, to, grouping, true),
            ask(program, from, to, grouping, false),
          ]);
          counts.compared += 1;
          sources.set(fromRollups.source, (sources.get(fromRollups.source) ?? 0) + 1);
          if (isDeepStrictEqual(fromRollups.figures, fromRows.figures)) continue;
          counts.different += 1;
          example ||= `${grouping} from ${dateOf(from)} to ${dateOf(to)}`;
        }
      };
      try {
        await program.start();
        for (let round = 1; round <= size.kills; round++) {
          await push(program, 'ad-performance', adsOf(random, today, size.records));
          await push(program, 'opportunities', dealsOf(random, today, Math.ceil(size.records / 4)));
          await delay(random() * size.longestUpMs);
          const clickhouse = round % 3 === 0 ? program.clickhousePid() : undefined;
          if (clickhouse !== undefined && killHard(clickhouse)) counts.clickhouse += 1;
          else {
            await program.killHard();
            counts.program += 1;
          }
          await program.readyAgain(readyWithinMs);
          await compare();
          progress(`kill ${round} of ${size.kills}`);
        }
        const startedMs = performance.now();
        while (
          (await ask(program, today - dayCount, today, 'groupBy: [CHANNEL]', true)).source !== 'ROLLUPS'
        ) {
          if (performance.now() - startedMs > builtWithinMs) break;
          await delay(500);
        }
        findings.atMost('built after (ms)', performance.now() - startedMs, builtWithinMs);
        for (let question = 0; question < 10; question++) await compare();
        await program.stop();
        const server = await startClickHouse(dataDir);
        try {
          const sql = createSqlReader(server, 'utmql');
          findings.number('builds', await sql.count('SELECT uniq(built) FROM rollup_sums'));
        } finally {
          await server.stop();
        }
      } finally {
        await program.killHard();
      }
      findings.number('seed', seed);
      findings.number('kills of the program', counts.program);
      findings.number('kills of ClickHouse', counts.clickhouse);
      for (const [source, times] of sources) findings.number(`answers from ${source.toLowerCase()}`, times);
      findings.law('rollups were asked', (sources.get('ROLLUPS') ?? 0) > 0, 'no answer came from them alone');
      findings.number('answers compared', counts.compared);
      findings.exactly('different answers', counts.different, 0);
      findings.law('answers are the same', counts.different === 0, example);
      return findings.report();
    }),
});

const dateOf = (day: number): string => new Date(day * 86_400_000).toISOString().slice(0, 10);

async function ask(
  program: Program,
  from: number,
  to: number,
  grouping: string,
  useRollups: boolean,
): Promise<{ readonly source: string; readonly figures: unknown }> {
  const range = `{ between: { from: "${dateOf(from)}", to: "${dateOf(to)}" } }`;
  const fields = 'date channel campaignId utmSource utmMedium match clicks cost leads closedWon revenue roas';
  const { metrics } = await program.graphql<{ metrics: { meta: { source: string } } }>(
    `{ metrics(dateRange: ${range}, useRollups: ${useRollups}, ${grouping}) { nodes { ${fields} } totals { clicks cost leads revenue } meta { source } } }`,
  );
  const { meta, ...figures } = metrics;
  return { source: meta.source, figures };
}

/** Resolves when the records are stored. */
async function push(program: Program, path: string, records: readonly unknown[]): Promise<void> {
  for (;;) {
    const response = await fetch(`${program.url}/ingest/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(records),
    });
    await response.arrayBuffer();
    if (response.status === 200) return;
    if (response.status !== 202 && response.status !== 503)
      throw new Error(`a push was answered with ${response.status}`);
    await delay(100);
  }
}

const channels = ['google_ads', 'meta_ads', 'linkedin_ads'];
const mediums = ['cpc', 'paid_social', 'email'];
const stages = ['lead', 'opportunity', 'closed_won', 'closed_lost'];
const oneOf = <T>(random: () => number, values: readonly T[]): T =>
  values[Math.floor(random() * values.length)] as T;

/** A few keys on many days: most records replace an earlier one, and days change again and again. */
const adsOf = (random: () => number, today: number, count: number): unknown[] =>
  Array.from({ length: count }, () => ({
    date: dateOf(today - Math.floor(random() * dayCount)),
    campaign_id: `C-${Math.floor(random() * 12)}`,
    channel: oneOf(random, channels),
    clicks: Math.floor(random() * 100),
    impressions: 1_000,
    cost: Math.floor(random() * 10_000) / 100,
    utm_campaign: `campaign_${Math.floor(random() * 4)}`,
    utm_source: oneOf(random, channels),
    utm_medium: oneOf(random, mediums),
  }));

const dealsOf = (random: () => number, today: number, count: number): unknown[] =>
  Array.from({ length: count }, () => ({
    opportunity_id: `O-${Math.floor(random() * 2_000)}`,
    created_at: `${dateOf(today - Math.floor(random() * dayCount))}T08:00:00Z`,
    stage: oneOf(random, stages),
    amount: Math.floor(random() * 1_000),
    utm_campaign: `campaign_${Math.floor(random() * 4)}`,
    utm_source: oneOf(random, channels),
    utm_medium: oneOf(random, mediums),
    ...(random() < deletedShare && { is_deleted: true }),
  }));
