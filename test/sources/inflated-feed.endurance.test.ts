import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { silent } from '../support/database.ts';
import { text } from '../support/source-server.ts';
import { openOne, serve } from './support.ts';

it('a hostile source whose feed without pages inflates to over 1 GB is streamed through bounded memory', async () => {
  // gzip of gzip: 1.2 GB of records in a megabyte.
  const record = `${JSON.stringify({ id: 'x'.repeat(1_000_000) })}\n`;
  const member = gzipSync(record);
  const bomb = Buffer.concat(Array.from({ length: 1_200 }, () => member));
  const server = await serve(
    text(bomb, { 'content-encoding': 'gzip', 'content-type': 'application/x-ndjson' }),
  );
  const source = await openOne(`sources: [{ name: feed, kind: ad_performance, url: "${server.url}" }]`);
  const before = process.memoryUsage().rss;
  let records = 0;
  let bytes = 0;
  let most = 0;
  for await (const page of source.pages({ signal: new AbortController().signal, logger: silent })) {
    for await (const batch of source.reader()(page)) {
      records += batch.records.length;
      bytes += batch.bytes;
      most = Math.max(most, process.memoryUsage().rss - before);
    }
  }
  expect(records).toBe(1_200);
  expect(bytes).toBe(1_200 * record.length);
  expect(most).toBeLessThan(200_000_000);
}, 120_000);
