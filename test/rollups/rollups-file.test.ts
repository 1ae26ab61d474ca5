import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readRollupSets } from '../../src/rollups/rollups-file.ts';
import { startTestApp } from '../support/app.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'utmql-rollups-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function written(text: string): Promise<string> {
  const file = join(folder, 'rollups.yaml');
  await writeFile(file, text);
  return file;
}

describe('ROLLUPS_FILE', () => {
  it('adds sets, in the order of their number of dimensions', async () => {
    const file = await written(
      'rollups:\n  - { name: content, dimensions: [utmContent], lead: utmContent }\n',
    );
    const sets = await readRollupSets(file);
    expect(sets.map(({ name }) => name)).toEqual([
      'channel',
      'content',
      'campaign',
      'campaign_lookup',
      'source_medium',
      'utm',
      'utm_lookup',
    ]);
    expect(sets[1]).toEqual({
      name: 'content',
      dimensions: ['utmContent', 'match', 'currency'],
      lead: 'utmContent',
    });
  });

  it.each([
    ['rollups:\n  - { name: a, dimensions: [utmContnet] }', 'did you mean utmContent?'],
    ['rollups:\n  - { name: channel, dimensions: [utmTerm] }', 'there is another set of the name channel'],
    ['rollups:\n  - { name: a, dimensions: [utmTerm], lead: adId }', 'adId is not among the dimensions'],
    ['rollups:\n  - { name: A B, dimensions: [] }', 'expected at least one dimension'],
    ['rollups: 3', 'rollups: '],
    ['root:x:0:0', 'ROLLUPS_FILE'],
    ['rollups: [', 'cannot be read as YAML'],
  ])('%s is refused with what to change', async (text, message) => {
    const file = await written(text);
    await expect(readRollupSets(file)).rejects.toMatchObject({ code: 'CONFIGURATION' });
    await expect(readRollupSets(file)).rejects.toThrow(message);
  });

  it('is missing', async () => {
    await expect(readRollupSets(join(folder, 'none.yaml'))).rejects.toThrow('there is no such file');
  });

  it('answers questions that only its set has the dimensions of', async () => {
    const file = await written(
      'rollups:\n  - { name: content, dimensions: [utmContent], lead: utmContent }\n',
    );
    const app = await startTestApp({
      environment: { ROLLUPS: 'on', ROLLUPS_MIN_ROWS: '0', ROLLUPS_FILE: file, RESPONSE_CACHE_TTL_MS: '0' },
    });
    try {
      const ad = { date: '2025-06-03', channel: 'meta', campaign_id: 'C-1', impressions: 1 };
      const pushed = await fetch(`${app.url}/ingest/ad-performance`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify([
          { ...ad, utm_content: 'a', clicks: 3, cost: 1.25 },
          { ...ad, utm_content: 'b', clicks: 4, cost: 2.5 },
        ]),
      });
      expect(pushed.status).toBe(200);
      const ask = async () => {
        const { data } =
          await app.query(`{ metrics(dateRange: { between: { from: "2025-06-01", to: "2025-06-30" } },
          where: { utmContent: { eq: "b" } }, groupBy: [UTM_CONTENT]) { nodes { utmContent clicks cost } meta { source } } }`);
        return (data as unknown as { metrics: { nodes: unknown[]; meta: { source: string } } }).metrics;
      };
      for (;;) {
        const { nodes, meta } = await ask();
        expect(nodes).toEqual([{ utmContent: 'b', clicks: 4, cost: 2.5 }]);
        if (meta.source === 'ROLLUPS') break;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    } finally {
      await app.close();
    }
  }, 60_000);
});
