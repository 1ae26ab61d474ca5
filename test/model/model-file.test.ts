import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { attributionAliases } from '../../src/aliases/aliases.ts';
import { createModel } from '../../src/metrics/model.ts';
import { readModelFile } from '../../src/model/model-file.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'utmql-model-'));
});
afterAll(() => rm(folder, { recursive: true }));
async function read(text: string) {
  const file = join(folder, 'model.yaml');
  await writeFile(file, text);
  return readModelFile(file);
}
/** The sentences of the error, without the line that names the file. */
async function mistakes(text: string): Promise<string[]> {
  const error = await read(text).then(
    () => undefined,
    (thrown: Error & { code?: string }) => thrown,
  );
  expect(error?.code).toBe('CONFIGURATION');
  return (error?.message ?? '').split('\n').slice(1);
}

it('reads aliases of all five dimensions as labels', async () => {
  const { aliases } = await read(`
aliases:
  utm_source:
    Facebook: [FB, " facebook.com"]
  utm_medium: { cpc: [paid%20search] }
  utm_campaign: { brand: [brand_old] }
  utm_content: { a: [b] }
  utm_term: { x: ["2024"] }
`);
  expect(Object.fromEntries(Object.entries(aliases).map(([column, names]) => [column, [...names]]))).toEqual({
    utm_source: [
      ['fb', 'facebook'],
      ['facebook.com', 'facebook'],
    ],
    utm_medium: [['paid search', 'cpc']],
    utm_campaign: [['brand_old', 'brand']],
    utm_content: [['b', 'a']],
    utm_term: [['2024', 'x']],
  });
  expect((await read('aliases: {}')).aliases).toEqual({});
});

it('tells every mistake at once, each in a sentence with its line', async () => {
  const dimensions = 'utm_campaign, utm_source, utm_medium, utm_content, utm_term';
  expect(
    await mistakes(`aliases:
  utm_sorce: { facebook: [fb] }
  utm_source:
    facebook: [fb, FB, ig, facebook, 7]
    meta: [ig]
    Meta: [mta]
    google: []
    bing: bing.com
    tiktok: [google, ""]
    unknown: [nobody]
    linkedin: ["{placement}", "n/a", [li]]
  utm_medium: [cpc]
  utm_term: { long: [${'x'.repeat(1_025)}] }
aliasses:
  utm_source: { x: [y] }
`),
  ).toEqual([
    `  - aliases.utm_sorce (line 2): there is no such dimension; did you mean utm_source? accepted: ${dimensions}`,
    '  - aliases.utm_source.facebook[1] (line 4): is listed twice under facebook',
    '  - aliases.utm_source.facebook[3] (line 4): is the name itself',
    '  - aliases.utm_source.facebook[4] (line 4): expected a text; put it in quotes',
    '  - aliases.utm_source.meta[0] (line 5): is an alias of facebook, too',
    '  - aliases.utm_source.Meta (line 6): is the same name as meta',
    '  - aliases.utm_source.google (line 7): has no alias',
    '  - aliases.utm_source.bing (line 8): expected a list of aliases, such as [fb, facebook.com]',
    '  - aliases.utm_source.tiktok[0] (line 9): is a name with aliases of its own; list these under tiktok',
    '  - aliases.utm_source.tiktok[1] (line 9): stands for a missing value, which counts as no other',
    '  - aliases.utm_source.unknown (line 10): stands for a missing value, which counts as no other',
    '  - aliases.utm_source.linkedin[0] (line 11): stands for a missing value, which counts as no other',
    '  - aliases.utm_source.linkedin[1] (line 11): stands for a missing value, which counts as no other',
    '  - aliases.utm_source.linkedin[2] (line 11): expected a text; put it in quotes',
    '  - aliases.utm_medium (line 12): expected names, each with a list of aliases, such as facebook: [fb, facebook.com]',
    '  - aliases.utm_term.long[0] (line 13): is longer than 1024 characters',
    '  - aliasses (line 14): there is no such section; did you mean aliases? accepted: aliases, dimensions, measures',
  ]);
});

it.each([
  ['another file', 'root:x:0:0', ['  - the file: has none of aliases, dimensions, measures']],
  ['keys of another file', 'password: hunter2', ['  - the file: has none of aliases, dimensions, measures']],
  ['a list', 'aliases: [fb]', ['  - aliases (line 1): expected UTM dimensions']],
  ['no YAML', 'aliases: {', ['  - line 1: ']],
  [
    'a key twice',
    'aliases:\n  utm_source: { a: [b] }\n  utm_source: { c: [d] }',
    ['  - line 3: Map keys must be unique'],
  ],
])('refuses %s', async (_, text, expected) => {
  const told = await mistakes(text);
  expect(told.map((line, index) => line.slice(0, expected[index]?.length))).toEqual(expected);
  expect(told.join()).not.toMatch(/hunter2|password|root/);
});

it('reads the example', async () => {
  const { aliases, dimensions, catalogue } = await readModelFile('model.example.yaml');
  expect(aliases.utm_source?.get('fb')).toBe('facebook');
  expect([...dimensions.keys()]).toEqual([
    'dimension.channel_group',
    'dimension.region',
    'dimension.product',
  ]);
  expect(catalogue.describe('measure.return_on_investment')).toMatchObject({ unit: 'ratio' });
  expect(catalogue.describe('measure.cost_per_demo')).toMatchObject({ unit: 'money' });
});

it('tells of a file that is not there', async () => {
  await expect(readModelFile(join(folder, 'none.yaml'))).rejects.toThrow(
    /^MODEL_FILE \(.*none\.yaml\): there is no such file\.$/,
  );
});

describe('aliases of attribution', () => {
  const names = (own: Record<string, string>) =>
    attributionAliases({ utm_source: new Map(Object.entries(own)) }).utm_source;

  it('are the usual ones and those of the file, which wins', () => {
    expect(attributionAliases().utm_source?.get('ig')).toBe('facebook');
    const own = names({ ig: 'instagram', li: 'linkedin' });
    expect([own?.get('ig'), own?.get('instagram'), own?.get('fb'), own?.get('li')]).toEqual([
      'instagram',
      undefined,
      'facebook',
      'linkedin',
    ]);
  });

  it('lead to the name that the file gives to a usual one', () => {
    const own = names({ facebook: 'meta' });
    expect([own?.get('facebook'), own?.get('fb'), own?.get('meta')]).toEqual(['meta', 'meta', undefined]);
  });
});

it('a model stands for what it says, in whatever order', () => {
  const model = (...pairs: [string, string][]) => createModel({ aliases: { utm_source: new Map(pairs) } });
  const one = model(['fb', 'facebook'], ['ig', 'facebook']);
  expect(JSON.stringify(one)).toBe(JSON.stringify(model(['ig', 'facebook'], ['fb', 'facebook'])));
  expect(one.digest).not.toBe(model(['fb', 'facebook']).digest);
});
