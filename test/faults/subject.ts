import { randomBytes } from 'node:crypto';
import type { EngineLogin } from '../support/engine.ts';
import { createProgram, type Program } from './program.ts';
import type { Surroundings } from './scenario.ts';
import { createSqlReader, type SqlReader } from './sql-reader.ts';

/** The program on a database of its own. */
export interface Subject {
  readonly program: Program;
  /** The same database, past the program. */
  readonly sql: SqlReader;
  /** Aborted at the end, however that comes: for what goes on in the background. */
  readonly ended: AbortSignal;
}

/**
 * Makes a program and, once `work` is done or has failed, kills it and drops its database.
 *
 * @param options.storeUrl where the program finds ClickHouse, if not where it is
 * @param options.nodeArguments go before the program's own arguments of node
 */
export async function withProgram<T>(
  options: {
    clickhouse: EngineLogin;
    command: Surroundings['command'];
    dataDir: string;
    storeUrl?: string;
    nodeArguments?: readonly string[];
    environment?: Readonly<Record<string, string>>;
  },
  work: (subject: Subject) => Promise<T>,
): Promise<T> {
  const { clickhouse } = options;
  const [node, ...parameters] = options.command;
  const database = `faults_${randomBytes(6).toString('hex')}`;
  const sql = createSqlReader(clickhouse, database);
  const ending = new AbortController();
  const program = createProgram({
    command: [node, ...(options.nodeArguments ?? []), ...parameters],
    environment: {
      DATA_DIR: options.dataDir,
      CLICKHOUSE_URL: options.storeUrl ?? clickhouse.url,
      CLICKHOUSE_USER: clickhouse.username,
      CLICKHOUSE_PASSWORD: clickhouse.password,
      CLICKHOUSE_DATABASE: database,
      ...options.environment,
    },
  });
  try {
    return await work({ program, sql, ended: ending.signal });
  } finally {
    ending.abort();
    await program.killHard();
    await createSqlReader(clickhouse, 'default').command(`DROP DATABASE IF EXISTS ${database}`);
  }
}
