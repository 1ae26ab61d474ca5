import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { OwnServer } from '../src/clickhouse/own-server/server.ts';
import type { CompiledSql } from '../src/clickhouse/sql.ts';

/** A query that the server has as a field without arguments: rows of these columns. */
export interface HandWrittenField {
  readonly name: string;
  readonly statement: CompiledSql;
  readonly strings: readonly string[];
  readonly numbers: readonly string[];
}

/** What a team would write by hand: graphql-yoga whose resolvers send SQL of their own. A process of its own, like the program. */
export interface HandWrittenServer {
  /** Where its GraphQL is. */
  readonly url: string;
  graphql(query: string): Promise<void>;
  stop(): Promise<void>;
}

/** What the process is sent to begin. */
export interface HandWrittenSetup {
  readonly login: Pick<OwnServer, 'url' | 'username' | 'password'> & { readonly database: string };
  readonly fields: readonly HandWrittenField[];
}

export async function startHandWritten(setup: HandWrittenSetup): Promise<HandWrittenServer> {
  const child = fork(fileURLToPath(new URL('./hand-written-server.ts', import.meta.url)), {
    execArgv: ['--import', 'tsx'],
  });
  child.send(setup);
  const url = await readyUrl(child);
  return {
    url,
    async graphql(query) {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ query }),
      });
      const { errors } = (await response.json()) as { errors?: unknown };
      if (errors) throw new Error(JSON.stringify(errors));
    },
    async stop() {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await ended;
    },
  };
}

const readyUrl = (child: ChildProcess): Promise<string> =>
  new Promise((resolve, reject) => {
    child.once('message', (message) => resolve(String(message)));
    child.once('exit', (code) => reject(new Error(`the hand-written server ended with code ${code}`)));
  });
