import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createStore } from '../src/clickhouse/create-store.ts';
import { startOwnServer } from '../src/clickhouse/own-server/server.ts';
import { createLogger } from '../src/logger.ts';
import { benchAccess } from './access.ts';
import { benchCluster } from './cluster.ts';
import { benchCached, benchDashboard } from './dashboard.ts';
import { benchIngest } from './ingest.ts';
import { loadData, restate } from './load-data.ts';
import { startProgram } from './program.ts';
import { benchEvents } from './push.ts';
import { benchQuestions, untilRollupsAreBuilt } from './questions.ts';
import { progress } from './table.ts';

// `npm run bench`: everything. `npm run bench -- questions`, `-- dashboard`, `-- cluster`, `-- ingest`, `-- events` or `-- access`: one part.
const parts = process.argv.slice(2);
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
const store = createStore({
  ...server,
  database,
  maxConcurrency: 4,
  limits: { timeoutMs: 600_000, maxMemoryBytes: 8e9, maxRowsToRead: 1e12 },
});
try {
  // The program makes the database and its tables.
  // Without the response cache: what is measured is the way to ClickHouse and back.
  const program = await startProgram(server, database, { RESPONSE_CACHE_TTL_MS: '0' });
  try {
    if (wanted('questions') || wanted('dashboard') || wanted('cluster')) {
      progress('loading data');
      await loadData(store, today);
    }
    if (wanted('cluster')) await benchCluster(program, today);
    if (wanted('questions') || wanted('dashboard')) {
      const started = performance.now();
      await untilRollupsAreBuilt(program, today);
      progress(
        `rollups are built, ${Math.round((performance.now() - started) / 1_000)} s after the data came`,
      );
    }
    if (wanted('dashboard')) {
      await benchDashboard(store, program, today);
      await benchCached(server, database, today);
    }
    if (wanted('questions')) {
      await benchQuestions('Questions, days merged', server, database, program, today);
      await restate(store, today);
      await benchQuestions(
        'Questions, the last 30 days restated and not yet merged',
        server,
        database,
        program,
        today,
      );
    }
    if (wanted('ingest')) await benchIngest(server, store, today);
    if (wanted('events')) await benchEvents(server);
    if (wanted('access')) await benchAccess(server, today);
  } finally {
    await program.stop();
  }
} finally {
  await store.close();
  await server.stop();
  await rm(dataDir, { recursive: true, force: true });
}
