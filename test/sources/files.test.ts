import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { openOne, read, recordsOf, temporaryFolder } from './support.ts';

const yaml = (files: string, more = '') => `
sources: [{ name: export, kind: ad_performance, files: ${files}${more} }]`;

const ndjson = (...ids: string[]): string => ids.map((id) => `${JSON.stringify({ id })}\n`).join('');

describe('files', () => {
  it('are read in the order of their names, decompressed, each by the end of its name', async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, 'exports'));
    await writeFile(join(folder, 'exports/b.csv'), 'id;x\nb1;1\nb2;2\n');
    await writeFile(join(folder, 'exports/a.ndjson.gz'), gzipSync(ndjson('a1', 'a2')));
    await writeFile(join(folder, 'exports/c.json'), '{"external":{"ads":{"performance":[{"id":"c1"}]}}}');
    await writeFile(join(folder, 'exports/d.txt'), 'nothing for us');
    const source = await openOne(yaml('"exports/*.{csv,json,ndjson,ndjson.gz}"'), { folder });
    const { labels, records, error } = await read(source);
    expect(error).toBeUndefined();
    expect(labels).toEqual(['exports/a.ndjson.gz', 'exports/b.csv', 'exports/c.json']);
    expect(records).toMatchObject([{ id: 'a1' }, { id: 'a2' }, { id: 'b1' }, { id: 'b2' }, { id: 'c1' }]);
    expect(source.state()).toBe('closed');
    expect(source.defaultMode).toBe('replace');
  });

  it('are looked for anew by each call', async () => {
    const folder = await temporaryFolder();
    const source = await openOne(yaml('["*.ndjson", "more/*.ndjson"]'), { folder });
    expect((await read(source)).error).toMatchObject({
      code: 'SOURCE_UNAVAILABLE',
      retryable: true,
      message:
        'No file matches *.ndjson, more/*.ndjson of source export. Paths begin in the folder of the sources file.',
    });
    await writeFile(join(folder, 'a.ndjson'), ndjson('a'));
    expect(await recordsOf(source)).toEqual([{ id: 'a' }]);
  });

  it('may hold other names and more than memory would', async () => {
    const folder = await temporaryFolder();
    const line = `${JSON.stringify({ key: 'k', text: 'x'.repeat(100_000) })}\n`;
    const member = gzipSync(line.repeat(100));
    await writeFile(join(folder, 'big.ndjson.gz'), Buffer.concat(Array.from({ length: 30 }, () => member)));
    const source = await openOne(yaml('"*.gz"', ', fields: { campaign_id: key }'), { folder });
    const before = process.memoryUsage().rss;
    let records = 0;
    let most = 0;
    for await (const page of source.pages({ signal: new AbortController().signal, logger: silent })) {
      for await (const batch of source.reader()(page)) {
        records += batch.records.length;
        most = Math.max(most, process.memoryUsage().rss - before);
      }
    }
    expect(records).toBe(3_000);
    expect(most).toBeLessThan(150_000_000);
  });

  it('that are cut, are no gzip or vanish end the call after the good ones', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'a.ndjson'), ndjson('a'));
    const second = join(folder, 'b.ndjson.gz');
    const source = await openOne(yaml('"*.ndjson{,.gz}"'), { folder });
    await writeFile(second, gzipSync(ndjson('b')).subarray(0, 20));
    expect(await read(source)).toMatchObject({
      records: [{ id: 'a' }],
      error: {
        code: 'SOURCE_UNAVAILABLE',
        message:
          'The file b.ndjson.gz of source export ends in the middle of its gzip data, as one that is still being written.',
      },
    });
    await writeFile(second, ndjson('b'));
    expect(await read(source)).toMatchObject({
      records: [{ id: 'a' }],
      error: {
        code: 'SOURCE_MALFORMED',
        message: 'The file b.ndjson.gz of source export is no gzip. Name it without .gz, or compress it.',
      },
    });
    const seen: string[] = [];
    await expect(async () => {
      for await (const page of source.pages({ signal: new AbortController().signal, logger: silent })) {
        seen.push(page.label);
        await rm(second, { force: true });
        for await (const _ of source.reader()(page));
      }
    }).rejects.toMatchObject({ code: 'SOURCE_UNAVAILABLE', message: expect.stringContaining('(ENOENT)') });
    expect(seen).toEqual(['a.ndjson', 'b.ndjson.gz']);
  });

  it('are left when the call is cancelled', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'a.ndjson'), ndjson('row').repeat(200_000));
    const source = await openOne(yaml('"*.ndjson"'), { folder });
    const controller = new AbortController();
    await expect(async () => {
      for await (const page of source.pages({ signal: controller.signal, logger: silent })) {
        for await (const _ of source.reader()(page)) controller.abort();
      }
    }).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});

const silent = (await import('pino')).default({ level: 'silent' });
