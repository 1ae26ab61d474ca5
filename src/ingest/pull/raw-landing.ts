import { z } from 'zod';
import { bind, sql } from '../../clickhouse/sql.ts';
import type { Columns, Store } from '../../clickhouse/store.ts';
import { UtmqlError } from '../../errors.ts';
import { formatDay } from '../../records/day.ts';
import type { IngestRun } from '../runs/run.ts';
import { RowEncoder } from '../storage/row-binary.ts';

const columns = {
  workspace: 'String',
  date: 'Date',
  run_id: 'String',
  attempt: 'UInt8',
  page: 'UInt64',
  chunk: 'UInt64',
  source: 'String',
  content_type: 'String',
  version: 'UInt64',
  body: 'String',
} as const satisfies Columns;

/** Bytes that are kept as one row, and one insert: fewer and larger ones cost less, and memory holds two. */
const chunkBytes = 4 * 1_048_576;

/** One answer of a source, as it came: decompressed, not yet read. */
export interface RawPage {
  readonly body: AsyncIterable<Uint8Array>;
  readonly contentType: string | undefined;
}

/** Keeps what sources send, so that a run can be read again after a rule has changed. */
export interface RawLanding {
  /** Passes a page's bytes on, each chunk once it is on its way to the store. Throws STORE_UNAVAILABLE where it cannot be kept. */
  keep(run: IngestRun, page: number, raw: RawPage): AsyncIterable<Uint8Array>;
  /**
   * What a run read, page by page.
   *
   * @throws UtmqlError NOT_FOUND when nothing of it is kept (any more)
   */
  pages(run: IngestRun): AsyncIterable<RawPage>;
}

export function createRawLanding(options: { store: Store; now: () => number }): RawLanding {
  const { store } = options;

  async function* keep(run: IngestRun, page: number, raw: RawPage): AsyncGenerator<Uint8Array> {
    const encoder = new RowEncoder();
    let parts: Uint8Array[] = [];
    let size = 0;
    let chunk = 0;
    let sending: Promise<void> = Promise.resolve();
    // One chunk is on its way while the next is collected: memory holds two.
    const send = async (): Promise<void> => {
      await sending;
      encoder.start();
      encoder.text(run.workspace);
      encoder.uint16(Math.floor(run.createdAt / 86_400_000));
      encoder.text(run.id);
      encoder.uint8(run.attempt);
      encoder.uint64(page);
      encoder.uint64(chunk++);
      encoder.text(run.source);
      encoder.text(raw.contentType?.slice(0, 200) ?? '');
      encoder.uint64(options.now() * 1_000);
      encoder.varint(size);
      const head = Buffer.alloc(encoder.length);
      encoder.copyTo(head, 0);
      const body = [head, ...parts.map((part) => Buffer.from(part.buffer, part.byteOffset, part.byteLength))];
      parts = [];
      size = 0;
      sending = store.insert('raw_landing', columns, 'RowBinary', body, {
        requestId: run.requestId,
        rows: 1,
        changesAnswersOf: [],
        // A chunk that arrives twice is one row by its key; hashing all that sources send would cost more than that.
        deduplicate: false,
      });
      sending.catch(() => undefined);
    };
    try {
      for await (const part of raw.body) {
        parts.push(part);
        size += part.length;
        if (size >= chunkBytes) await send();
        yield part;
      }
    } finally {
      // Also what came before a page broke off: that is what the source sent.
      if (size > 0) await send();
      await sending;
    }
  }

  async function* chunks(run: IngestRun, page: number, count: number): AsyncGenerator<Uint8Array> {
    for (let chunk = 0; chunk < count; chunk++) {
      // Base64, since a chunk may end in the middle of a character.
      const [row] = await store.select(
        z.object({ body: z.string() }),
        sql`SELECT base64Encode(body) AS body FROM raw_landing FINAL
            WHERE ${landedBy(run)} AND page = ${bind('UInt64', page)} AND chunk = ${bind('UInt64', chunk)}`,
        { requestId: run.requestId },
      );
      if (row === undefined) throw notKept(run);
      yield Buffer.from(row.body, 'base64');
    }
  }

  async function* pages(run: IngestRun): AsyncGenerator<RawPage> {
    const rows = await store.select(
      z.object({ page: z.number(), chunks: z.number(), content_type: z.string() }),
      sql`SELECT page, uniqExact(chunk) AS chunks, any(content_type) AS content_type FROM raw_landing
          WHERE ${landedBy(run)} GROUP BY page ORDER BY page`,
      { requestId: run.requestId },
    );
    if (rows.length === 0) throw notKept(run);
    for (const { page, chunks: count, content_type: contentType } of rows) {
      yield { body: chunks(run, page, count), contentType: contentType || undefined };
    }
  }

  return { keep, pages };
}

const landedBy = (run: IngestRun) =>
  sql`date = ${bind('Date', formatDay(Math.floor(run.createdAt / 86_400_000)))}
      AND workspace = ${bind('String', run.workspace)} AND run_id = ${bind('UUID', run.id)}
      AND attempt = ${bind('UInt64', run.attempt)}`;

const notKept = (run: IngestRun): UtmqlError =>
  new UtmqlError(
    'NOT_FOUND',
    `What run ${run.id} read is not kept any more (RAW_RETENTION_DAYS). Trigger the source for its days instead.`,
  );
