import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type SampleSources, startSampleSources } from '../../src/demo/sample-sources.ts';
import { type ErrorCodeInfo, errorCodes } from '../../src/error-codes.ts';
import { parseIsoDay, startOfDay } from '../../src/records/day.ts';
import { startTestApp, type TestApp } from '../support/app.ts';

const page = fileURLToPath(new URL('../../docs/api.md', import.meta.url));
const readme = fileURLToPath(new URL('../../README.md', import.meta.url));
const text = readFileSync(page, 'utf8');
const recipesOf = (file: string) =>
  [
    ...readFileSync(file, 'utf8').matchAll(
      /^## (.+)\n[\s\S]*?```graphql\n([\s\S]*?)```\n\n```json\n([\s\S]*?)```/gm,
    ),
  ].map(([, title = '', query = '', answer = '']) => ({ file, title, query, answer }));
const recipes = recipesOf(page);
// `UPDATE_DOCS=1 npx vitest run test/docs` writes the answers anew.
const updating = process.env.UPDATE_DOCS === '1';

const today = parseIsoDay('2026-11-20') ?? 0;
let sources: SampleSources;
let app: TestApp;
beforeAll(async () => {
  sources = await startSampleSources({ today });
  app = await startTestApp({
    environment: { ADS_API_URL: sources.adsUrl, CRM_API_URL: sources.crmUrl, SOURCE_TIMEOUT_MS: '10000' },
    clock: { now: () => startOfDay(today) + 12 * 3_600_000 },
  });
  // A few of the sample’s ads rows cannot be read, as of every real feed.
  expect(await app.pull()).toMatchObject([{ status: 'PARTIAL', error: null }, { status: 'SUCCEEDED' }]);
});
afterAll(async () => {
  await app.close();
  await sources.close();
});

describe('the cookbook', () => {
  it('has its questions', () => {
    expect(recipes.length).toBeGreaterThanOrEqual(15);
    expect(text.match(/^## /gm)).toHaveLength(recipes.length);
  });

  it('tells of every code that an error can have', () => {
    const rows = [...(text.split('# Errors')[1] ?? '').matchAll(/^\| `(\w+)` \| (\d*) \|/gm)];
    const told = rows.map(([, code, status]) => [code, status]);
    const known = Object.entries<ErrorCodeInfo>(errorCodes);
    expect(told).toEqual(
      known.map(([code, { status }]) => [code, status === undefined ? '' : String(status)]),
    );
  });

  it('begins in the README', () => expect(recipesOf(readme)).toHaveLength(1));

  it.each([...recipesOf(readme), ...recipes])('$title', async ({ file, query, answer }) => {
    const { data, errors } = await app.query(query);
    expect(errors).toBeUndefined();
    if (!updating) return expect(data).toEqual(JSON.parse(answer));
    const updated = readFileSync(file, 'utf8').replace(
      `${query}\`\`\`\n\n\`\`\`json\n${answer}`,
      `${query}\`\`\`\n\n\`\`\`json\n${shorten(data)}\n`,
    );
    writeFileSync(file, updated);
  });
});

/** JSON with one row of a list to a line. */
function shorten(value: unknown): string {
  return JSON.stringify(value, null, 2).replace(/\{[^{}[\]]*\}/g, (row) => row.replace(/\s+/g, ' '));
}
