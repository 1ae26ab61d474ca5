import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inject } from 'vitest';
import { identifier, sql } from '../../src/clickhouse/sql.ts';
import type { Store } from '../../src/clickhouse/store.ts';
import { createProgram, type Program } from '../faults/program.ts';
import { builtProgram } from '../support/built-program.ts';
import { openStore } from '../support/database.ts';
import { type Behaviour, startSourceServer } from '../support/source-server.ts';

/** Three processes of the program, each with a DATA_DIR of its own, on one database. */
export interface Trio {
  readonly programs: readonly [Program, Program, Program];
  readonly store: Store;
  /** What the source answers from now on. */
  answer(behaviour: Behaviour): void;
  requests(): number;
  close(): Promise<void>;
}

/** @param sourceLine more of the source's settings, as in the sources file */
export async function startTrio(sourceLine = '', environment: Record<string, string> = {}): Promise<Trio> {
  let behave: Behaviour = (_request, response) => void response.end('[]');
  const source = await startSourceServer((request, response) => behave(request, response));
  const login = inject('clickhouse');
  const database = `trio_${randomBytes(6).toString('hex')}`;
  const folder = await mkdtemp(join(tmpdir(), 'utmql-trio-'));
  const file = join(folder, 'sources.yaml');
  await writeFile(
    file,
    `sources:\n  - name: ads\n    kind: ad_performance\n    url: ${source.url}/ads\n    ${sourceLine}\n`,
  );
  const make = (number: number): Program =>
    createProgram({
      command: builtProgram(),
      environment: {
        DATA_DIR: join(folder, String(number)),
        CLICKHOUSE_URL: login.url,
        CLICKHOUSE_USER: login.username,
        CLICKHOUSE_PASSWORD: login.password,
        CLICKHOUSE_DATABASE: database,
        DATA_RETENTION_DAYS: '20000',
        SOURCES_FILE: file,
        SOURCE_ATTEMPTS: '1',
        ...environment,
      },
    });
  const programs = [make(1), make(2), make(3)] as const;
  await Promise.all(programs.map((program) => program.start()));
  // Only now: the database and all tables are the programs' own work.
  const store = await openStore(database);
  return {
    programs,
    store,
    answer(behaviour) {
      behave = behaviour;
    },
    requests: () => source.requests.length,
    async close() {
      await Promise.all(programs.map((program) => program.stop()));
      await store.command(sql`DROP DATABASE IF EXISTS ${identifier(database)}`, { changesAnswersOf: [] });
      await store.close();
      await source.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
