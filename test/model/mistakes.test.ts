import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readModelFile } from '../../src/model/model-file.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'utmql-model-'));
  await writeFile(join(folder, 'twice.csv'), 'id,owner\nC-1,Ann\nC-1,Bob\n');
  await writeFile(join(folder, 'keyless.csv'), 'id,owner\n,Ann\n');
  await writeFile(join(folder, 'empty.csv'), 'id,owner\n');
  await writeFile(join(folder, 'latin.csv'), Buffer.from('id,owner\nC-1,J\xfcrgen\n', 'latin1'));
  await writeFile(join(folder, 'quotes.csv'), 'id,owner\n"C-1,Ann\n');
  await writeFile(join(folder, 'owners.csv'), 'Campaign ID,Owner\nC-1,Ann\n');
});
afterAll(() => rm(folder, { recursive: true }));

async function mistakes(text: string): Promise<string[]> {
  const file = join(folder, 'model.yaml');
  await writeFile(file, text);
  const error = await readModelFile(file).then(
    () => undefined,
    (thrown: Error & { code?: string }) => thrown,
  );
  expect(error?.code).toBe('CONFIGURATION');
  return (error?.message ?? '').split('\n').slice(1);
}

const when = 'when: { utm_medium: cpc }';
const dimension = (definition: string) => `dimensions:\n  group: { description: Group., ${definition} }`;
const rule = (condition: string) => dimension(`rules: [{ value: Paid, when: ${condition} }]`);
const measure = (definition: string, more = '') =>
  `measures:\n  own: { description: Own., ${definition} }${more}`;

describe('each mistake has a sentence that says what to change', () => {
  it.each([
    ['a list of dimensions', 'dimensions: [a]', 'expected dimensions by name, such as channel_group'],
    [
      'a name in capitals',
      `dimensions:\n  Group: { description: G., rules: [{ value: a, ${when} }] }`,
      'is no name; expected up to 40 of a–z, 0–9 and _, such as paid_channel',
    ],
    [
      'the name of a dimension',
      `dimensions:\n  utm_source: { description: G., rules: [{ value: a, ${when} }] }`,
      'is a dimension that utmql has',
    ],
    [
      'the name of a measure',
      'measures:\n  closed_won: { description: O., count: events }',
      'is a measure that utmql has',
    ],
    [
      'a name that the schema needs',
      'measures:\n  previous: { description: O., count: events }',
      'means something else in the schema; choose another name',
    ],
    [
      'a name twice',
      `dimensions:\n  own: { description: G., rules: [{ value: a, ${when} }] }\nmeasures:\n  own: { description: O., count: events }`,
      'is a dimension and a measure; rename one',
    ],
    [
      'names that become one field',
      'measures:\n  a_b1: { description: O., count: events }\n  a_b_1: { description: O., count: events }',
      'would be the field aB1 in the schema, as a_b1 is; rename one',
    ],
    [
      'no definition',
      'dimensions:\n  group: Paid',
      'expected a description, and one of rules, pattern, lookup',
    ],
    ['no way', dimension('otherwise: Paid'), 'expected one of rules, pattern, lookup'],
    [
      'two ways',
      dimension(`rules: [{ value: a, ${when} }], pattern: x`),
      'expected only one of rules, pattern, lookup',
    ],
    [
      'no description',
      `dimensions:\n  group: { rules: [{ value: a, ${when} }] }`,
      'is missing; say in a sentence what it means',
    ],
    [
      'a misspelt key',
      dimension(`rules: [{ value: a, ${when} }], otherwize: b`),
      'there is no such key; did you mean otherwise? accepted: description, rules, otherwise',
    ],
    ['no rule', dimension('rules: []'), 'expected a list of rules, each with value and when'],
    [
      'a rule without a value',
      dimension(`rules: [{ ${when} }]`),
      'is missing; name the value that the rule gives',
    ],
    [
      'a number as a value',
      dimension(`rules: [{ value: 2025, ${when} }]`),
      'expected a text; put it in quotes',
    ],
    [
      'a rule without a condition',
      dimension('rules: [{ value: a }]'),
      'expected conditions, such as utm_medium: [cpc, ppc]',
    ],
    [
      'a misspelt field',
      rule('{ utm_medum: cpc }'),
      'there is no such field; did you mean utm_medium? accepted: channel, campaign_id, ad_group_id, ad_id, utm_campaign, utm_source, utm_medium, utm_content, utm_term, currency, match, breakdowns.…, and, or, not',
    ],
    [
      'a misspelt operator',
      rule('{ utm_medium: { start_with: a } }'),
      'there is no such operator; did you mean starts_with? accepted: eq, ne, in, not_in, contains, starts_with, ends_with, is_unknown, matches',
    ],
    ['a text where a list goes', rule('{ utm_medium: { in: cpc } }'), 'expected a list of texts'],
    [
      'a list where a text goes',
      rule('{ utm_medium: { ne: [cpc] } }'),
      'expected one text; lists go with in and not_in',
    ],
    ['an empty list of alternatives', rule('{ or: [] }'), 'expected a list of conditions'],
    [
      'a match that there is not',
      rule('{ match: EXAKT }'),
      'there is no such match; did you mean EXACT? accepted: EXACT, WINDOW, CAMPAIGN, UNATTRIBUTED',
    ],
    [
      'no regular expression',
      rule("{ utm_medium: { matches: '(a' } }"),
      /^is no regular expression of RE2 \(missing closing \)/,
    ],
    ['look-around', dimension("of: utm_campaign, pattern: '(?=a)(?<group>b)'"), /RE2 has no look-around$/],
    [
      'a pattern without a group',
      dimension('of: utm_campaign, pattern: "^[a-z]+"'),
      'has no named group, such as (?<group>[a-z]+)',
    ],
    [
      'a group of another name',
      dimension("of: utm_campaign, pattern: '^(?<region>[a-z]+)'"),
      'has no group group; name one of region as group',
    ],
    [
      'a misspelt group',
      dimension("of: utm_campaign, pattern: '^(?<region>[a-z]+)', group: regoin"),
      'there is no such group; did you mean region? accepted: region',
    ],
    [
      'a dimension that there is not',
      dimension("of: utm_campain, pattern: '(?<group>a)'"),
      /^there is no such dimension; did you mean/,
    ],
    [
      'a file that is not there',
      dimension('of: campaign_id, lookup: { file: no.csv, key: id, value: owner }'),
      'there is no such file',
    ],
    [
      'a column that is not there',
      dimension('of: campaign_id, lookup: { file: owners.csv, key: campaign, value: owner }'),
      'there is no such column; accepted: campaign_id, owner',
    ],
    [
      'a key with two values',
      dimension('of: campaign_id, lookup: { file: twice.csv, key: id, value: owner }'),
      'row 3 has "C-1" again, with another value',
    ],
    [
      'a row without a key',
      dimension('of: campaign_id, lookup: { file: keyless.csv, key: id, value: owner }'),
      'row 2 has no key',
    ],
    [
      'a file without rows',
      dimension('of: campaign_id, lookup: { file: empty.csv, key: id, value: owner }'),
      'has no rows',
    ],
    [
      'a file in another encoding',
      dimension('of: campaign_id, lookup: { file: latin.csv, key: id, value: owner }'),
      'is not in UTF-8',
    ],
    [
      'a file with an open quote',
      dimension('of: campaign_id, lookup: { file: quotes.csv, key: id, value: owner }'),
      /^is no CSV \(/,
    ],
    ['something else to count', measure('count: leads'), 'expected events'],
    [
      'different values of what there is not',
      measure('distinct: visitor_id'),
      'is no field of events; expected metadata.… such as metadata.visitor_id, service or message',
    ],
    ['a sum that there is not', measure('sum: costs'), /^there is no such sum; did you mean cost\?/],
    ['a sum of a ratio', measure('sum: roas'), /^there is no such sum; accepted/],
    [
      'a currency of ads money',
      measure('sum: cost, currency: EUR'),
      'goes with sums of metadata only; leave it out',
    ],
    [
      'a currency that is none',
      measure('sum: metadata.total, currency: Euro'),
      'expected a code such as EUR, or the field that has it, such as metadata.currency',
    ],
    [
      'a field that CRM records lack',
      measure('sum: revenue, where: { ad_id: "1" }'),
      'CRM records have no ad_id',
    ],
    [
      'a field of events for ads rows',
      measure('sum: cost, where: { service: web }'),
      /^there is no such field; accepted/,
    ],
    ['an open bracket', measure('formula: (cost - 1'), 'has a ( without its )'],
    ['a bracket too many', measure('formula: cost )'), 'has a ) without its ('],
    ['no operator', measure('formula: cost leads'), 'lacks an operator before leads'],
    ['nothing after an operator', measure('formula: cost /'), 'ends where a measure or a number is expected'],
    [
      'a sign that is none',
      measure('formula: cost % leads'),
      'has "% leads" where + - * / ( ) or a name is expected',
    ],
    [
      'a measure that there is not',
      measure('formula: cots / leads'),
      /^names cots: there is no such measure; did you mean cost\?/,
    ],
    ['money and a count', measure('formula: cost + leads'), 'adds money and something else'],
    ['money times money', measure('formula: cost * revenue'), 'multiplies money by money'],
    [
      'a circle',
      measure('formula: other / 2', '\n  other: { description: Other., formula: own * 2 }'),
      'comes round to itself (own → other → own)',
    ],
    [
      'a formula of what is wrong',
      measure('formula: cost / other', '\n  other: { description: Other., count: leads }'),
      'needs other, which is wrong itself',
    ],
    [
      'a section that there is not',
      `${measure('count: events')}\nmetrics: {}`,
      'there is no such section; accepted: aliases, dimensions, measures',
    ],
  ])('%s', async (_, text, expected) => {
    const told = await mistakes(text);
    const sentences = told.map((line) => line.replace(/^ {2}- [^ ]+ \(line \d+\): /, ''));
    expect(sentences).toContainEqual(
      typeof expected === 'string' ? expected : expect.stringMatching(expected),
    );
    // Each is told with its line, and nothing is told twice.
    expect(told.every((line) => /^ {2}- [^ ]+ \(line \d+\): /.test(line))).toBe(true);
    expect(new Set(told).size).toBe(told.length);
  });
});
