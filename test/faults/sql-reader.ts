import { createInterface } from 'node:readline';
import { type Dispatcher, request } from 'undici';
import type { EngineLogin } from '../support/engine.ts';

/**
 * Asks ClickHouse directly, past the program: what scenarios count with must not be what they test.
 * Every value comes as the text that ClickHouse prints, so that no digit is lost.
 */
export interface SqlReader {
  rows(query: string): Promise<readonly (readonly string[])[]>;
  /** The one value of a query, as a number. */
  count(query: string): Promise<number>;
  /** The one value of a query, as text. */
  text(query: string): Promise<string>;
  /** DDL and the like. */
  command(query: string): Promise<void>;
  /** Lines of TSV as they come, for results that fit in no answer. */
  lines(query: string, onLine: (line: string) => void): Promise<void>;
}

const timeoutMs = 600_000;

export function createSqlReader(login: EngineLogin, database: string): SqlReader {
  const ask = async (query: string): Promise<Dispatcher.ResponseData['body']> => {
    const { statusCode, body } = await request(`${login.url}/?database=${database}`, {
      method: 'POST',
      headers: { 'X-ClickHouse-User': login.username, 'X-ClickHouse-Key': login.password },
      body: query,
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
    });
    if (statusCode !== 200) throw new Error(`${query.slice(0, 200)}: ${await body.text()}`);
    return body;
  };
  const rows: SqlReader['rows'] = async (query) => {
    const text = (await (await ask(`${query} FORMAT TSV`)).text()).replace(/\n$/, '');
    return text === '' ? [] : text.split('\n').map((line) => line.split('\t'));
  };
  const text: SqlReader['text'] = async (query) => (await rows(query))[0]?.[0] ?? '';
  return {
    rows,
    text,
    count: async (query) => Number(await text(query)),
    command: async (query) => void (await (await ask(query)).text()),
    async lines(query, onLine) {
      for await (const line of createInterface({ input: await ask(`${query} FORMAT TSV`) })) onLine(line);
    },
  };
}
