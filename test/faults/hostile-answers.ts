import type { ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import {
  type Behaviour,
  cutAfter,
  hang,
  hangAfter,
  json,
  status,
  streamed,
  text,
} from '../support/source-server.ts';

/** A source that does not behave, and how it is configured. */
export interface HostileSource {
  readonly name: string;
  readonly behave: Behaviour;
  /** Further lines of its entry in the sources file. */
  readonly settings: readonly string[];
  /** Requests that it may get in one run, at most. */
  readonly requests: number;
}

const attempts = 3;
const maxPages = 20;
const mebibyte = 1_048_576;
const byCursor = ['pagination: { cursor: { field: next, parameter: after } }', 'records: data'];
const type = { 'content-type': 'application/json' };

/** @param megabytes of the answers that are meant to fill memory */
export function hostileSources(
  megabytes: number,
  record: Readonly<Record<string, unknown>>,
): HostileSource[] {
  const source = (
    name: string,
    behave: Behaviour,
    settings: readonly string[] = [],
    requests = attempts,
  ): HostileSource => ({ name, behave, settings, requests });
  const page = (next: string): Behaviour => json({ data: [record], next });
  const bomb = (): Behaviour =>
    streamed(() => endlessRecord(megabytes, (bytes) => gzipSync(bytes, { level: 9 })), {
      ...type,
      'content-encoding': 'gzip',
    });
  const line = `${JSON.stringify(record)}\n`;
  let pages = 0;

  return [
    source('busy', status(429)),
    // It is believed, and not asked again within the run.
    source('busy_for_an_hour', status(429, { 'retry-after': '3600' }), [], 1),
    source('failing', status(500)),
    source('hanging', hang),
    source('silent', hangAfter(line)),
    source('truncated', cutAfter(line.repeat(100) + line.slice(0, 20))),
    source('announced_longer', cutAfter(line.repeat(100), 1_000_000)),
    source('announced_shorter', announcedShorter(line)),
    source('no_json', text('<html>Please log in</html>', type)),
    source('repeating_cursor', page('again'), byCursor, 1 + attempts),
    source(
      'endless_pages',
      (request, response) => page(`page-${++pages}`)(request, response),
      [...byCursor, `max_pages: ${maxPages}`],
      maxPages,
    ),
    source(
      'huge_page',
      streamed(() => endlessRecord(megabytes, asItIs), type),
      byCursor,
    ),
    source(
      'huge_record',
      streamed(() => endlessRecord(megabytes, asItIs), type),
    ),
    source('gzip_bomb', bomb()),
    source('gzip_bomb_page', bomb(), byCursor),
  ];
}

const asItIs = (bytes: Buffer): Buffer => bytes;

/** An array whose one record goes on and on; a gzip file may have many members, so a megabyte is encoded once. */
function* endlessRecord(megabytes: number, encode: (bytes: Buffer) => Buffer): Generator<Buffer> {
  yield encode(Buffer.from('[{"note":"'));
  const block = encode(Buffer.alloc(mebibyte, 'x'));
  for (let index = 0; index < megabytes; index++) yield block;
}

/** Node refuses to send more than it has announced, so this is written past it. */
const announcedShorter =
  (line: string): Behaviour =>
  (_request, response: ServerResponse) => {
    const body = line.repeat(10);
    response.socket?.end(
      `HTTP/1.1 200 OK\r\ncontent-type: application/x-ndjson\r\ncontent-length: ${line.length + 30}\r\n\r\n${body}`,
    );
  };
