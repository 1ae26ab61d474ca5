import { setTimeout as delay } from 'node:timers/promises';
import autocannon from 'autocannon';
import { z } from 'zod';
import { type CompiledSql, sql } from '../src/clickhouse/sql.ts';
import type { Store } from '../src/clickhouse/store.ts';
import { type Contestants, documentOf, handWrittenDocuments, questions, statementOf } from './questions.ts';
import { megabytes, ms, printTable, progress, ratio } from './table.ts';

const connections = 16;
const seconds = 20;

type Requests = NonNullable<autocannon.Options['requests']>;

/** All questions in turns from 16 connections: answers per second, and the most memory that the engine had. */
export async function benchCrowd(contestants: Contestants): Promise<void> {
  const { server, store, database, program, handWritten, today } = contestants;
  const post = (documents: readonly string[]): Requests =>
    documents.map((query) => ({
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query }),
    }));
  const login = { 'x-clickhouse-user': server.username, 'x-clickhouse-key': server.password };
  const raw = questions.map((question) => {
    const statement = statementOf(question, today);
    return {
      method: 'POST' as const,
      path: pathOf(statement, database),
      headers: login,
      body: `${statement.sql} FORMAT JSONCompact`,
    };
  });
  const turns: readonly { readonly title: string; readonly url: string; readonly requests: Requests }[] = [
    { title: 'SQL', url: server.url, requests: raw },
    { title: 'by hand', url: handWritten.url, requests: post(handWrittenDocuments(today)) },
    {
      title: 'utmql, no rollups',
      url: program.url,
      requests: post(questions.map((question) => documentOf(question, today, false))),
    },
    {
      title: 'utmql',
      url: program.url,
      requests: post(questions.map((question) => documentOf(question, today))),
    },
  ];
  const rows: string[][] = [];
  let ofSql = 0;
  for (const { title, url, requests } of turns) {
    progress(`${title}: ${connections} connections, ${seconds} s`);
    const memory = watchMemory(store);
    const result = await autocannon({
      url,
      connections,
      duration: seconds,
      timeout: 60,
      requests,
      verifyBody: (body) => !String(body).startsWith('{"errors"'),
    });
    const perSecond = result.requests.total / result.duration;
    if (ofSql === 0) ofSql = perSecond;
    rows.push([
      title,
      perSecond.toFixed(1),
      ratio(perSecond / ofSql),
      ms(result.latency.p50),
      ms(result.latency.p97_5),
      String(result.non2xx + result.errors + result.mismatches),
      megabytes(await memory.peak()),
    ]);
  }
  printTable(
    `All questions in turns, ${connections} connections`,
    ['what', 'answers/s', 'of SQL', 'p50', 'p97.5', 'failed', 'peak memory of the engine'],
    rows,
  );
}

function pathOf({ parameters }: CompiledSql, database: string): string {
  const search = new URLSearchParams({ database });
  for (const [name, value] of Object.entries(parameters)) search.set(`param_${name}`, String(value));
  return `/?${search}`;
}

const memoryRow = z.object({ bytes: z.number() });

/** Looks at the resident memory of the engine four times a second. */
function watchMemory(store: Store): { peak(): Promise<number> } {
  let most = 0;
  let isOver = false;
  const watching = (async () => {
    while (!isOver) {
      const [row] = await store.select(
        memoryRow,
        sql`SELECT toFloat64(value) AS bytes FROM system.metrics WHERE metric = 'MemoryTracking'`,
      );
      most = Math.max(most, row?.bytes ?? 0);
      await delay(250);
    }
  })();
  return {
    async peak() {
      isOver = true;
      await watching;
      return most;
    },
  };
}
