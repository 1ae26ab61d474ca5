import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createStore } from '../src/clickhouse/create-store.ts';
import { startOwnServer } from '../src/clickhouse/own-server/server.ts';
import type { Store } from '../src/clickhouse/store.ts';
import { createLogger } from '../src/logger.ts';
import { benchAccess } from './access.ts';
import { benchAttribution } from './attribution.ts';
import { benchCluster } from './cluster.ts';
import { benchCrowd } from './crowd.ts';
import { benchCurrency } from './currency.ts';
import { benchCached, benchDashboard } from './dashboard.ts';
import { benchExport } from './export.ts';
import { startHandWritten } from './hand-written.ts';
import { benchIngest } from './ingest.ts';
import { loadData, restate } from './load-data.ts';
import { benchModel } from './model.ts';
import { benchOverload } from './overload.ts';
import { benchPage } from './page.ts';
import { startProgram } from './program.ts';
import { benchEvents } from './push.ts';
import {
  benchQuestions,
  handWrittenFields,
  newestBuild,
  printStorage,
  roundsFor,
  untilMonthsAreBuilt,
  untilRollupsAreBuilt,
  warmUpServers,
} from './questions.ts';
import { benchSortKeys } from './sort-keys.ts';
import { progress } from './table.ts';
import { benchUpkeep } from './upkeep.ts';

// `npm run bench`: everything. `npm run bench -- questions`, `currency`, `model`, `dashboard`, `page`, `cluster`, `overload`, `ingest`, `upkeep`, `attribution`,
// `events`, `export` or `access`: one part. `npm run bench -- sort-keys`: another order of stored rows, only when it is named.
// `npm run bench -- questions --rows 100m`: over another number of ads rows than 10 million.
const { positionals: parts, values } = parseArgs({
  allowPositionals: true,
  options: { rows: { type: 'string', default: '10m' } },
});
const adRows = rowsOf(values.rows);
const wanted = (part: string): boolean => parts.length === 0 || parts.includes(part);
const today = Math.floor(Date.now() / 86_400_000);
const database = 'bench';

const dataDir = await mkdtemp(join(tmpdir(), 'utmql-bench-'));
const server = await startOwnServer({
  dataDir,
  memoryLimitBytes: 8 * 1_024 ** 3,
  logger: createLogger({ level: 'warn' }),
  onLost: (error) => {
    throw error;
  },
});
const openStore = (name: string): Store =>
  createStore({
    ...server,
    database: name,
    maxConcurrency: 4,
    limits: { timeoutMs: 600_000, maxMemoryBytes: 8e9, maxRowsToRead: 1e12 },
  });
const store = openStore(database);
try {
  // Before any program runs: then ClickHouse is the only child of this process.
  if (wanted('upkeep')) await benchUpkeep(server, today);
  if (wanted('attribution')) await benchAttribution(openStore, today);
  // The program makes the database and its tables.
  // Without the response cache: what is measured is the way to ClickHouse and back.
  const program = await startProgram(server, database, { RESPONSE_CACHE_TTL_MS: '0' });
  const handWritten = await startHandWritten({
    login: { url: server.url, username: server.username, password: server.password, database },
    fields: handWrittenFields(today),
  });
  try {
    const wantsSortKeys = parts.includes('sort-keys');
    const needsData = ['questions', 'currency', 'model', 'dashboard', 'page', 'cluster', 'overload'].some(
      wanted,
    );
    if (wantsSortKeys || needsData) {
      progress('loading data');
      await loadData(store, today, adRows);
    }
    if (wantsSortKeys) await benchSortKeys(server, database, today);
    if (wanted('cluster')) await benchCluster(program, today, adRows);
    const waitForRollups = async (after = '0'): Promise<void> => {
      const started = performance.now();
      await untilRollupsAreBuilt(program, today);
      await untilMonthsAreBuilt(store, today, after);
      progress(`rollups are built, ${Math.round((performance.now() - started) / 1_000)} s later`);
    };
    if (['questions', 'currency', 'model', 'dashboard', 'page', 'overload'].some(wanted))
      await waitForRollups();
    if (wanted('dashboard')) {
      await benchDashboard(store, program, today);
      await benchCached(server, database, today);
    }
    if (wanted('page')) await benchPage(store, program, today);
    if (wanted('overload')) await benchOverload(server, database, today);
    if (wanted('questions')) {
      const rounds = roundsFor(adRows);
      const contestants = { server, store, database, program, handWritten, today, rounds };
      const size = `${adRows.toLocaleString('en')} ads rows`;
      await printStorage(contestants);
      await warmUpServers(contestants);
      const reference = await benchQuestions(`Questions, ${size}, days merged`, contestants);
      await benchQuestions(`Questions, ${size}, caches emptied before each`, contestants, { isCold: true });
      await benchCrowd(contestants);
      const before = await newestBuild(store);
      await restate(store, today);
      await waitForRollups(before);
      await benchQuestions(
        `Questions, ${size}, all restated and not yet merged; ratios to the SQL over merged days`,
        // Each takes seconds.
        { ...contestants, rounds: roundsFor(Number.POSITIVE_INFINITY) },
        { reference },
      );
    }
    if (wanted('model')) await benchModel(server, database, today);
    // Behind the others: once there are rates, money is converted by default.
    if (wanted('currency')) await benchCurrency(program, today);
    if (wanted('ingest')) await benchIngest(server, store, today);
    if (wanted('events')) await benchEvents(server);
    if (wanted('export')) await benchExport(server, today);
    if (wanted('access')) await benchAccess(server, today);
  } finally {
    await handWritten.stop();
    await program.stop();
  }
} finally {
  await store.close();
  await server.stop();
  await rm(dataDir, { recursive: true, force: true });
}

/** `10m` is ten million. */
function rowsOf(text: string): number {
  const [, digits, unit] = /^(\d+)([km]?)$/.exec(text) ?? [];
  if (digits === undefined) throw new Error(`--rows is ${text}; expected a number such as 10m.`);
  return Number(digits) * (unit === 'm' ? 1e6 : unit === 'k' ? 1e3 : 1);
}
