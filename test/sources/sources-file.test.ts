import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { UtmqlError } from '../../src/errors.ts';
import { adapterNames } from '../../src/sources/adapters/adapters.ts';
import { json } from '../support/source-server.ts';
import { openFeeds, openYaml, recordsOf, serve, temporaryFolder } from './support.ts';

/** The problems that opening a file reports, without the first line. */
async function problemsOf(yaml: string, options: Parameters<typeof openYaml>[1] = {}): Promise<string[]> {
  const error: unknown = await openYaml(yaml, options).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof UtmqlError)) throw new Error('It was not refused.', { cause: error });
  expect(error.code).toBe('CONFIGURATION');
  expect(error.message).toMatch(/^The sources file .*sources\.yaml is wrong:\n/);
  return error.message.split('\n  - ').slice(1);
}

describe('the sources file', () => {
  it('gives a former name to one source of a kind', async () => {
    const problems = await problemsOf(`sources:
  - { name: a, kind: opportunity, url: "http://x", formerly: [c, d] }
  - { name: b, kind: opportunity, url: "http://x", formerly: d }
  - { name: ads, kind: ad_performance, url: "http://x", formerly: d }
`);
    expect(problems).toEqual([
      'sources[1].formerly (line 3, source b): names d, which is a former name of a, too',
    ]);
  });

  it('that is the example opens, given its variables', async () => {
    const example = await readFile(new URL('../../sources.example.yaml', import.meta.url), 'utf8');
    const names = [...example.matchAll(/\$\{([A-Z_]+)\}/g)].map(([, name]) => name ?? '');
    const ids = /CUSTOMER_|_ACCOUNT|_ADVERTISER/;
    const environment = Object.fromEntries(
      names.map((name) => [name, ids.test(name) ? '1234567890' : `value-of-${name.toLowerCase()}`]),
    );
    const sources = await openYaml(example, { environment });
    expect(
      sources.map(({ name, kind, adapter, defaultMode }) => [name, kind, adapter.name, defaultMode]),
    ).toEqual([
      ['google_de', 'ad_performance', 'google_ads', 'replace'],
      ['google_fr', 'ad_performance', 'google_ads', 'replace'],
      ['meta', 'ad_performance', 'meta_insights', 'replace'],
      ['tiktok', 'ad_performance', 'tiktok', 'replace'],
      ['linkedin', 'ad_performance', 'linkedin', 'replace'],
      ['hubspot', 'opportunity', 'hubspot_deals', 'upsert'],
      ['salesforce', 'opportunity', 'salesforce_opportunities', 'upsert'],
      ['google_at', 'ad_performance', 'google_ads', 'replace'],
      ['google_at_performance_max', 'ad_performance', 'google_ads', 'replace'],
      ['partner', 'ad_performance', 'generic_json', 'replace'],
      ['ecb', 'exchange_rate', 'ecb', 'replace'],
      ['treasury', 'exchange_rate', 'generic_json', 'replace'],
      ['crm_export', 'opportunity', 'csv', 'upsert'],
    ]);
    expect(sources[0]).toMatchObject({
      schedule: '0 6 * * *',
      rules: { timezone: 'Europe/Berlin' },
      workspace: 'default',
    });
    expect(sources[5]?.rules.stages).toMatchObject({
      trial_started: 'opportunity',
      contractsent: 'opportunity',
    });

    const missing = await problemsOf(example, { environment: { ...environment, META_TOKEN: '' } });
    expect(missing).toEqual([
      expect.stringMatching(
        /^sources\[2\]\.credentials\.access_token \(line \d+, source meta\): needs the environment variable META_TOKEN, which is not set$/,
      ),
    ]);
  });

  it('of each adapter’s example in the documentation opens', async () => {
    const page = await readFile(new URL('../../docs/sources.md', import.meta.url), 'utf8');
    const [, adapters = ''] = page.split('\n## Adapters\n');
    const examples = [...adapters.matchAll(/```yaml\n(.*?)```/gs)].map(([, yaml = '']) => yaml);
    const sections = [...adapters.matchAll(/^### (\w+)$/gm)].map(([, name]) => name);
    const opened = await openYaml(`sources:\n${examples.join('\n').replace(/^/gm, '  ')}`, {
      environment: new Proxy({}, { get: (_, name) => `value-of-${String(name)}` }),
    });
    expect(opened.map(({ adapter }) => adapter.name)).toEqual(sections);
    expect([...sections].sort()).toEqual([...adapterNames].sort());
  });

  it('has its mistakes listed together: where, in which line, what is accepted', async () => {
    const problems = await problemsOf(`sources:
  - name: Ads
    kind: ads
    adaptor: csv
    url: ftp://x
  - name: b
    kind: ad_performance
    url: http://x
    methd: GET
    method: PUT
    timeout_ms: 5s
    timezone: Berlin
    currency: eur
    date_format: YYYY
    mode: append
    rate_limit: { per_seconds: 3, burst: 0 }
    pagination: { cursor: { field: a.b } }
    stages: { won: sold }
    files: []
  - 7
`);
    expect(problems).toEqual([
      'sources[0].name (line 2): is "Ads"; expected up to 64 of a–z, 0–9, _ and -',
      'sources[0].kind (line 3): is "ads"; accepted: ad_performance, opportunity, exchange_rate',
      expect.stringMatching(
        /^sources\[0\]\.adaptor \(line 4\): there is no such key; did you mean adapter\? accepted: name, kind, /,
      ),
      expect.stringMatching(
        /^sources\[1\]\.methd \(line 9, source b\): there is no such key; did you mean method\?/,
      ),
      'sources[1].method (line 10, source b): is "PUT"; accepted: GET, POST',
      'sources[1].timeout_ms (line 11, source b): is "5s"; expected a whole number from 100 to 3600000',
      'sources[1].timezone (line 12, source b): is "Berlin"; expected an IANA time zone such as UTC or Europe/Berlin',
      'sources[1].currency (line 13, source b): is "eur"; expected a three-letter code such as USD',
      'sources[1].date_format (line 14, source b): is "YYYY"; accepted: a year (YYYY, YY), a month (MM, M, MMM) and a day (DD, D) in their order, such as MM/DD/YYYY, DD.MM.YYYY or YYYYMMDD; or epoch_seconds',
      'sources[1].mode (line 15, source b): is "append"; accepted: upsert, replace',
      'sources[1].rate_limit.per_second (line 16, source b): is missing; expected a number above 0, up to 1000',
      'sources[1].rate_limit.per_seconds (line 16, source b): there is no such key; did you mean per_second? accepted: per_second, burst',
      'sources[1].rate_limit.burst (line 16, source b): is 0; expected a whole number from 1 to 1000',
      'sources[1].pagination.cursor.parameter (line 17, source b): is missing; expected the name of a parameter',
      'sources[1].stages.won (line 18, source b): is "sold"; accepted: lead, opportunity, closed_won, closed_lost',
      'sources[1].files (line 19, source b): is not right; expected a path such as exports/*.csv.gz',
      'sources[2] (line 20): is not right; expected keys and values',
    ]);
  });

  it('has mistakes told that others would hide: of sources that cannot be read, and between their settings', async () => {
    const problems = await problemsOf(`sources:
  - { name: a, kind: ad_performance, url: "http://x", timeout_ms: 5s, schedule: never, namespace: b }
  - { name: a, kind: opportunity, urll: "http://x" }
  - { name: c, adapter: google_ads, customer: 12a, schedule: never, credentials: { access_token: x } }
  - { name: d, kind: opportunity, url: "http://x", decimal: ";", thousands: ",", method: PUT, body: x }
`);
    expect(problems).toEqual([
      'sources[0].timeout_ms (line 2, source a): is "5s"; expected a whole number from 100 to 3600000',
      'sources[0].schedule (line 2, source a): is no cron expression such as 0 6 * * * (every day at 6)',
      'sources[0].namespace (line 2, source a): has a meaning only for opportunities',
      'sources[1] (line 3, source a): needs either url or files',
      'sources[1].name (line 3, source a): is the name of another source, too',
      expect.stringMatching(
        /^sources\[1\]\.urll \(line 3, source a\): there is no such key; did you mean url\?/,
      ),
      expect.stringMatching(/^sources\[2\]\.customer \(line 4, source c\): is none; the adapter google_ads/),
      'sources[2].schedule (line 4, source c): is no cron expression such as 0 6 * * * (every day at 6)',
      'sources[2].credentials (line 4, source c): lack client_id, client_secret, refresh_token',
      expect.stringMatching(/^sources\[2\]\.credentials\.access_token \(line 4, source c\): is none of this/),
      'sources[3].decimal (line 5, source d): is ";"; accepted: ".", ","',
      'sources[3].method (line 5, source d): is "PUT"; accepted: GET, POST',
    ]);
  });

  it('has mappings, whose mistakes are listed like those of sources', async () => {
    const { sources, mappings } = await openFeeds(
      `mappings:
  - { name: excel, kind: ad_performance, decimal: "${'$'}{MARK}" }
  - { name: excel, kind: ad_performance, workspace: other }
`,
      { environment: { MARK: ',' } },
    );
    expect(sources).toEqual([]);
    expect(mappings).toMatchObject([
      { name: 'excel', kind: 'ad_performance', workspace: 'default', decimal: ',' },
      { name: 'excel', workspace: 'other' },
    ]);
    const problems = await problemsOf(`sources: []
mappings:
  - { name: a, kind: ads }
  - { name: b, kind: ad_performance, url: "http://x", field: {} }
  - { name: b, kind: opportunity, fields: { cost: x }, duplicates: sum, channel: x, spread: { start: a, end: b } }
  - { name: c, kind: event, decimal: ",", thousands: ",", stages: { won: closed_won }, deleted_when: { x: y } }
  - { name: c, kind: event, decimal: "${'$'}{MARK}" }
`);
    expect(problems).toEqual([
      'mappings[0].kind (line 3, mapping a): is "ads"; accepted: ad_performance, opportunity, event, exchange_rate',
      expect.stringMatching(/^mappings\[1\]\.url \(line 4, mapping b\): there is no such key;/),
      expect.stringMatching(
        /^mappings\[1\]\.field \(line 4, mapping b\): there is no such key; did you mean fields\?/,
      ),
      expect.stringMatching(
        /^mappings\[2\]\.fields\.cost \(line 5, mapping b\): there is no such field; accepted: /,
      ),
      'mappings[2].duplicates (line 5, mapping b): has a meaning only for ads and exchange rates',
      'mappings[2].channel (line 5, mapping b): has no meaning for opportunities; each gets the channel of its ads',
      'mappings[2].spread (line 5, mapping b): has a meaning only for ads',
      'mappings[3].decimal (line 6, mapping c): has no meaning for events, which have no figures',
      'mappings[3].thousands (line 6, mapping c): is the same as decimal',
      'mappings[3].thousands (line 6, mapping c): has no meaning for events, which have no figures',
      'mappings[3].stages (line 6, mapping c): has a meaning only for opportunities',
      'mappings[3].deleted_when (line 6, mapping c): has a meaning only for opportunities',
      'mappings[4].decimal (line 7, mapping c): needs the environment variable MARK, which is not set',
    ]);
    expect(
      await problemsOf(`mappings:
  - { name: c, kind: event }
  - { name: c, kind: event }
`),
    ).toEqual(['mappings[1].name (line 3, mapping c): is the name of another mapping, too']);
  });

  const ads = '{ name: a, kind: ad_performance, url: "http://x", MORE }';
  const crm = '{ name: a, kind: opportunity, url: "http://x", MORE }';
  const rates = '{ name: a, kind: exchange_rate, url: "http://x", MORE }';
  const linkedin = '{ name: a, adapter: linkedin, url: "http://x", MORE }';

  it.each([
    [
      '{ name: a, url: "http://x" }',
      '',
      '.kind',
      'is missing; accepted: ad_performance, opportunity, exchange_rate',
    ],
    ['{ name: a, kind: opportunity }', '', '', 'needs either url or files'],
    [ads, 'files: "*.json"', '', 'needs either url or files'],
    ['{ name: a, kind: opportunity, url: x.y/feed }', '', '.url', 'is no http:// or https:// address'],
    [
      linkedin,
      'kind: opportunity',
      '.kind',
      'does not go with the adapter linkedin; accepted: ad_performance',
    ],
    ['{ name: a, kind: opportunity, files: x, method: GET }', '', '.method', 'has no meaning for files'],
    [ads, 'method: GET, body: x', '.body', 'goes only with method: POST'],
    [rates, 'duplicates: sum', '.duplicates', 'cannot be sum for exchange rates; accepted: last, fail'],
    [rates, 'scale: micros', '.scale', 'has no meaning for exchange rates'],
    [rates, 'currency: EUR', '.currency', 'has no meaning for exchange rates'],
    [rates, 'channel: x', '.channel', 'has a meaning only for ads'],
    [rates, 'namespace: b', '.namespace', 'has a meaning only for opportunities'],
    [ads, 'namespace: b', '.namespace', 'has a meaning only for opportunities'],
    [ads, 'deleted_when: { x: y }', '.deleted_when', 'has a meaning only for opportunities'],
    [
      crm,
      'deleted_when: {}',
      '.deleted_when',
      'is not right; expected columns and the values that they have in deleted rows',
    ],
    [
      crm,
      'deleted_when: { x: [] }',
      '.deleted_when.x',
      'is not right; expected a value, a list of values, or { not: … } with one of these',
    ],
    [crm, 'namespace: A b', '.namespace', 'is "A b"; expected up to 64 of a–z, 0–9, _ and -'],
    [crm, 'formerly: [a]', '.formerly', 'names a, which is a source still; its rows are its own'],
    [
      crm,
      'formerly: push',
      '.formerly',
      'names what was pushed, which stays where it is; `namespace: push` shares its ids',
    ],
    [
      ads,
      'date_format: [MM/DD/YYYY, D/M/YYYY]',
      '.date_format',
      'is not right; has MM/DD/YYYY and D/M/YYYY, which read one date as two different days',
    ],
    [ads, 'map: { chanel: { FB: x } }', '.map.chanel', 'there is no such field; did you mean channel? acc'],
    [
      ads,
      'where: { Day: { nott: x } }',
      '.where.Day',
      'is not right; expected a value, a list of values, or',
    ],
    [crm, 'spread: { start: a, end: b }', '.spread', 'has a meaning only for ads'],
    [
      ads,
      'lookups: [{ file: a.csv, key: ID, by: campaing_id, fields: {} }]',
      '.lookups[0].by',
      'there is no such field; did you mean campaign_id? acc',
    ],
    [ads, 'decimal: ";"', '.decimal', 'is ";"; accepted: ".", ","'],
    [ads, 'decimal: ",", thousands: ","', '.thousands', 'is the same as decimal'],
    [ads, 'thousands: " "', '.thousands', 'needs decimal beside it'],
    [ads, 'scale: { amount: micros }', '.scale.amount', 'is no figure; accepted: clicks, impressions, cost'],
    [ads, 'scale: nanos', '.scale', 'is "nanos"; accepted: micros, cents'],
    [ads, 'missing: none', '.missing', 'is "none"; expected a list of words'],
    [ads, 'schedule: "61 * * * *"', '.schedule', 'is no cron expression such as 0 6 * * * (every day at 6)'],
    [
      ads,
      'fields: { campain_id: x }',
      '.fields.campain_id',
      'there is no such field; did you mean campaign_id? acc',
    ],
    [
      crm,
      'defaults: { clicks: 1 }',
      '.defaults.clicks',
      'there is no such field; accepted: schema_version, opp',
    ],
    [crm, 'channel: x', '.channel', 'has no meaning for opportunities; each gets the channel of its ads'],
    [ads, 'stages: { won: closed_won }', '.stages', 'has a meaning only for opportunities'],
    [
      ads,
      'auth: { bearer: x, query: { y: z } }',
      '.auth',
      'has to be one of bearer, basic, header, query, oauth2',
    ],
    [ads, 'auth: { bearer: "x\\ny" }', '.auth.bearer', 'is no token'],
    [ads, 'headers: { "x y": z }', '.headers.x y', 'is no header of HTTP'],
    [
      ads,
      'pagination: { link_header: true, none: true }',
      '.pagination',
      'has to be one of none, cursor, next_link',
    ],
    [
      ads,
      'pagination: { cursor: { field: x, parameter: y, in: body } }',
      '.pagination',
      'can put its parameter only into the body of a POST that is a JSON object',
    ],
    [
      ads,
      'parameters: { x: "{since.week}" }',
      '.parameters.x',
      'has {since.week}; accepted: {since}, {since.year}',
    ],
    [
      linkedin,
      'records: x',
      '.records',
      'has no meaning for the adapter linkedin, which knows where they are',
    ],
    ['{ name: a, adapter: google_ads }', '', '', 'needs either url or files'],
    [
      '{ name: a, adapter: google_ads, customer: 12a, credentials: { developer_token: w, client_id: x, client_secret: y, refresh_token: z } }',
      '',
      '.customer',
      'is none; the adapter google_ads expects the customer’s id, such as 123-456-7890',
    ],
    [
      '{ name: a, adapter: hubspot_deals, account: 12, credentials: { access_token: x } }',
      '',
      '.account',
      'is not for the adapter hubspot_deals; it takes credentials alone',
    ],
    [
      '{ name: a, adapter: google_ads, customer: 12, credentials: { developer_token: x, client_id: y } }',
      '',
      '.credentials',
      'lack client_secret, refresh_token',
    ],
    [
      '{ name: a, adapter: hubspot_deals, credentials: { client_id: y } }',
      '',
      '.credentials',
      'need access_token; or client_id, client_secret, refresh_token',
    ],
    [
      '{ name: a, adapter: meta_insights, account: 12, credentials: { access_token: x, developer_token: y } }',
      '',
      '.credentials.developer_token',
      'is none of this platform’s; accepted: access_token',
    ],
    [
      '{ name: a, adapter: meta_insights, account: 12, credentials: { acces_token: x } }',
      '',
      '.credentials.acces_token',
      'there is no such key; did you mean access_token?',
    ],
    [
      '{ name: a, adapter: linkedin, account: 12, credentials: { access_token: x } }',
      '',
      '.currency',
      'is missing; LinkedIn tells costs in the account’s currency, and not which that is',
    ],
    [
      '{ name: a, adapter: meta_insights, account: 12, credentials: { access_token: x }, url: "http://x" }',
      '',
      '.url',
      'does not go with account, of which the adapter knows it; leave one of them out',
    ],
    [
      ads,
      'window: { limit: 100, id: id }',
      '.window.id',
      'needs {last_id} in the url, a parameter or the body: ask for what is greater, sorted by it',
    ],
    [
      ads,
      'parameters: { after: "{last_id}" }',
      '.window',
      'is missing, with the id that {last_id} stands for: { limit: 10000, id: id }',
    ],
    [ads, 'window: { id: id }', '.window.limit', 'is missing; expected a whole number from 1'],
    [ads, 'credentials: { access_token: x }', '.credentials', 'has no meaning for the adapter generic_json'],
    [linkedin, 'delimiter: ";"', '.delimiter', 'has no meaning for the adapter linkedin'],
  ])('has what does not go together named: %s with %s', async (source, more, place, text) => {
    const [problem = ''] = await problemsOf(`sources:\n  - ${source.replace('MORE', more)}\n`);
    expect(problem.startsWith(`sources[0]${place} (line 2, source a): ${text}`), problem).toBe(true);
  });

  it('may have none', async () => {
    expect(await openYaml('sources: []')).toEqual([]);
  });

  it.each([
    ['a file of passwords', 'root:x:0:0:hunter2:/root:/bin/bash\nbin:x:1:1:hunter2:/bin:/sbin\n'],
    ['a private key', '-----BEGIN PRIVATE KEY-----\nhunter2+/=\n-----END PRIVATE KEY-----\n'],
    ['variables', 'API_TOKEN: hunter2\nhunter2: 1\n'],
    ['JSON that breaks off', '{"hunter2": "hunter2'],
    ['a tag', '!hunter2 x\n'],
    ['an alias', 'a: *hunter2\n'],
    ['a directive', '%hunter2 x\n---\na: 1\n'],
    ['an escape', '"\\hunter2"\n'],
    ['what stands behind a scalar', "'a' hunter2\n"],
  ])('that is another file, %s, is refused without a word of it', async (_name, content) => {
    expect((await problemsOf(content)).join('\n')).not.toContain('hunter2');
  });

  it('that is no YAML, names no sources or does not exist is refused with the reason', async () => {
    expect(await problemsOf('sources:\n  - name: a\n   url: b')).toEqual([
      expect.stringMatching(/^line 3: /),
    ]);
    const bomb = ['x-a: &a [x, x, x, x, x, x, x, x, x]'];
    for (const [to, from] of ['ba', 'cb', 'dc', 'ed']) {
      bomb.push(`x-${to}: &${to} [${Array.from({ length: 9 }, () => `*${from}`).join(', ')}]`);
    }
    expect(await problemsOf(bomb.join('\n'))).toEqual([expect.stringContaining('alias')]);
    expect(await problemsOf('')).toEqual(['sources: is missing; expected a list of sources']);
    expect(await problemsOf('sources: [{}]\nsource: 1')).toContainEqual(
      'source (line 2): there is no such key; did you mean sources? accepted: sources, mappings',
    );
    await expect(
      openYaml('sources: []', { folder: join(await temporaryFolder(), 'none') }),
    ).rejects.toThrow();
  });

  it('that names a variable which is not set has that named, and nothing that follows from it', async () => {
    const yaml = `sources: [{ name: a, kind: opportunity, url: "\${URL}", timeout_ms: "\${MS}", method: "\${METHOD}" }]`;
    const needs = (name: string) => `needs the environment variable ${name}, which is not set`;
    expect(await problemsOf(yaml, { environment: { METHOD: 'sh0wn-nowhere' } })).toEqual([
      `sources[0].url (line 1, source a): ${needs('URL')}`,
      `sources[0].timeout_ms (line 1, source a): ${needs('MS')}`,
      `sources[0].method (line 1, source a): is "\${METHOD}"; accepted: GET, POST`,
    ]);
    expect(
      await openYaml(yaml, { environment: { URL: 'http://x', MS: '500', METHOD: 'POST' } }),
    ).toHaveLength(1);
  });

  it('may not name two sources alike, nor like those of the environment', async () => {
    const one = (name: string) => `  - { name: ${name}, kind: opportunity, url: "http://x" }\n`;
    const problems = await problemsOf(`sources:\n${one('a')}${one('crm')}${one('a')}`, {
      crmUrl: 'http://y',
    });
    expect(problems).toEqual([
      'sources[1].name (line 3, source crm): is the name of another source, too',
      'sources[2].name (line 4, source a): is the name of another source, too',
    ]);
  });

  it('stands beside the short form of the two environment variables', async () => {
    const server = await serve(json([{ campaign_id: 'C' }]));
    const sources = await openYaml(`sources: [{ name: more, kind: opportunity, url: "${server.url}" }]`, {
      adsUrl: `${server.url}/ads`,
      crmUrl: `${server.url}/crm`,
    });
    expect(sources.map(({ name, kind, defaultMode }) => [name, kind, defaultMode])).toEqual([
      ['ads', 'ad_performance', 'replace'],
      ['crm', 'opportunity', 'upsert'],
      ['more', 'opportunity', 'upsert'],
    ]);
    const [ads] = sources;
    if (ads === undefined) throw new Error('There is no source.');
    expect(await recordsOf(ads, { from: '2025-08-01' })).toEqual([{ campaign_id: 'C' }]);
    expect(server.requests[0]).toMatchObject({ path: '/ads', query: { since: '2025-08-01' } });
  });
});
