import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createAdPerformanceNormaliser } from '../../src/records/ad-performance.ts';
import { createEventNormaliser } from '../../src/records/event.ts';
import { createOpportunityNormaliser } from '../../src/records/opportunity.ts';
import { type Outcome, Repairs } from '../../src/records/outcome.ts';
import { maxExtraBytes } from '../../src/records/unknown-fields.ts';
import { processorMs } from '../support/processor-time.ts';
import { testRules } from '../support/records.ts';

const ads = createAdPerformanceNormaliser(testRules);
const good = { date: '2025-08-01', campaign_id: 'C-1', channel: 'x', clicks: 1, impressions: 2, cost: 3 };

type Normalise = (raw: unknown, repairs: Repairs) => Outcome<{ readonly extra: string }>;

function read(changes: object, using: Normalise = ads, raw: object = good) {
  const repairs = new Repairs();
  const outcome = using(JSON.parse(JSON.stringify({ ...raw, ...changes })), repairs);
  if ('reject' in outcome) throw new Error(outcome.reject.detail);
  return { extra: outcome.record.extra, repairs: repairs.toRecord(), names: repairs.unknownFields() };
}

describe('fields that the contract does not name', () => {
  it.each<[string, Normalise, object]>([
    ['ad performance', ads, good],
    [
      'opportunities',
      createOpportunityNormaliser(testRules),
      { opportunity_id: 'O-1', created_at: '2025-08-01', amount: 1, stage: 'lead' },
    ],
    [
      'events',
      createEventNormaliser({ ...testRules, now: () => 0, makeId: () => '' }),
      { event_id: 'E', timestamp: '2025-08-01' },
    ],
  ])('are kept aside as JSON, counted once a record and by name: %s', (_, using, raw) => {
    const { extra, repairs, names } = read(
      { region: 'EU', tags: ['a', { b: null }], note: null },
      using,
      raw,
    );
    expect(JSON.parse(extra)).toEqual({ region: 'EU', tags: ['a', { b: null }], note: null });
    expect(repairs).toMatchObject({ unknown_field: 1 });
    expect(names).toEqual({ region: 1, tags: 1, note: 1 });
    expect(read({}, using, raw)).toMatchObject({ extra: '', names: {} });
    expect(read({}, using, raw).repairs).not.toHaveProperty('unknown_field');
  });

  it('of the CRM lose their e-mail addresses, wherever they stand', async () => {
    const crm = createOpportunityNormaliser(testRules);
    const raw = { opportunity_id: 'O-1', created_at: '2025-08-01', amount: 1, stage: 'lead' };
    const { extra } = read(
      {
        owner: 'Ana <ana.b+c@example.com>',
        list: ['x', { 'jo@example.org': 'mailto:jo@example.org\n\u001bü@exämple.de' }],
      },
      crm,
      raw,
    );
    expect(JSON.parse(extra)).toEqual({
      owner: 'Ana <(e-mail)>',
      list: ['x', { '(e-mail)': 'mailto:(e-mail)\n\u001b(e-mail)' }],
    });
    const ms = await processorMs(() =>
      read({ long: `${'a'.repeat(15_000)} @ ${'@'.repeat(500)}` }, crm, raw),
    );
    expect(ms).toBeLessThan(100);
  });

  it('are found in each record, however the records of a feed differ', () => {
    const key = fc.constantFrom(...Object.keys(good), 'a', 'b', 'c', '7', '__proto__', 'constructor');
    const record = fc.array(key, { maxLength: 8 }).map((keys) => {
      const entries = [...new Set(keys)]
        .filter((name) => name !== 'date' && name !== 'campaign_id')
        .map((name) => [name, 1]);
      // Through JSON, so that `__proto__` is a field like any other.
      return `{"date":"2025-08-01",${entries.map(([name, value]) => `"${name}":${value},`).join('')}"campaign_id":"C"}`;
    });
    fc.assert(
      fc.property(fc.array(record, { maxLength: 10 }), (records) => {
        const normalise = createAdPerformanceNormaliser(testRules);
        for (const text of records) {
          const outcome = normalise(JSON.parse(text), new Repairs());
          if ('reject' in outcome) throw new Error(outcome.reject.detail);
          const found = outcome.record.extra === '' ? [] : Object.keys(JSON.parse(outcome.record.extra));
          expect(found).toEqual(Object.keys(JSON.parse(text)).filter((name) => !Object.hasOwn(good, name)));
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it('may have the names of what objects inherit', () => {
    const repairs = new Repairs();
    const outcome = ads(
      JSON.parse('{"date":"2025-08-01","campaign_id":"C","__proto__":{"x":1},"constructor":2}'),
      repairs,
    );
    expect(outcome).toMatchObject({ record: { extra: '{"__proto__":{"x":1},"constructor":2}' } });
    expect(Object.entries(repairs.unknownFields())).toEqual([
      ['__proto__', 1],
      ['constructor', 1],
    ]);
    expect(Object.getPrototypeOf(repairs.unknownFields())).toBeNull();
    expect(Object.prototype).not.toHaveProperty('x');
  });

  it('of a rejected record are not counted', () => {
    const repairs = new Repairs();
    ads({ ...good, date: 'soon', region: 'EU' }, repairs);
    ads({ ...good, region: 'EU' }, repairs);
    expect([repairs.toRecord().unknown_field, repairs.unknownFields()]).toEqual([1, { region: 1 }]);
  });
});

describe('what is kept of them is bounded', () => {
  it('to 16 KB of UTF-8: the largest are left out, and it says so', () => {
    const { extra, repairs, names } = read({
      big: 'é'.repeat(8_000),
      a: 'x'.repeat(300),
      bigger: 'x'.repeat(16_100),
      b: 1,
    });
    expect(Object.keys(JSON.parse(extra))).toEqual(['big', 'a', 'b']);
    expect(repairs).toMatchObject({ unknown_field: 1, extra_truncated: 1 });
    expect(names).toEqual({ big: 1, a: 1, bigger: 1, b: 1 });
  });

  it('to the byte', () => {
    const room = maxExtraBytes - '{"a":""}'.length;
    expect(read({ a: 'x'.repeat(room) })).toMatchObject({ repairs: { unknown_field: 1 } });
    expect(read({ a: 'x'.repeat(room) }).repairs).not.toHaveProperty('extra_truncated');
    expect(read({ a: 'x'.repeat(room + 1) })).toMatchObject({ extra: '', repairs: { extra_truncated: 1 } });
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 9_000 }), { maxLength: 8 }), (sizes) => {
        const { extra } = read(Object.fromEntries(sizes.map((size, i) => [`k${i}`, 'x'.repeat(size)])));
        expect(Buffer.byteLength(extra)).toBeLessThanOrEqual(maxExtraBytes);
        if (sizes.length > 0 && extra !== '') JSON.parse(extra);
      }),
    );
  });

  it('to what can be written', () => {
    let deep: unknown = 1;
    for (let i = 0; i < 100_000; i++) deep = [deep];
    const repairs = new Repairs();
    expect(ads({ ...good, deep, a: 1 }, repairs)).toMatchObject({ record: { extra: '{"a":1}' } });
    expect(repairs.toRecord()).toMatchObject({ unknown_field: 1, extra_truncated: 1 });
  });

  it('to a hundred names of a readable length; the rest are one count', () => {
    const repairs = new Repairs();
    for (let i = 0; i < 150; i++) ads({ ...good, [`field_${i}`]: 1 }, repairs);
    ads({ ...good, field_3: 1, ['x'.repeat(1_000)]: 1 }, repairs);
    const names = repairs.unknownFields();
    expect(Object.keys(names)).toHaveLength(101);
    expect(names).toMatchObject({ field_0: 1, field_3: 2, field_99: 1, '(other)': 51 });
  });
});

describe('schema_version', () => {
  it.each([
    '1',
    '1.0',
    '1.7',
    ' 1.0 ',
    '1.0.3',
    1,
    1.7,
    null,
    '',
  ])('%j is the version that is known', (schema_version) => {
    expect(read({ schema_version })).toEqual(read({}));
  });

  const refused = (schema_version: unknown) => {
    const outcome = ads({ ...good, schema_version }, new Repairs());
    return 'reject' in outcome ? outcome.reject : undefined;
  };

  it.each(['2', '2.0', 2, '10.1'])('%j is newer than what is known, and says what is', (version) => {
    expect(refused(version)).toEqual({
      reason: 'unsupported_schema_version',
      field: 'schema_version',
      detail: `schema_version is ${JSON.stringify(version)}; the highest version that is supported is 1.0.`,
    });
  });

  it.each([
    '0.9',
    'v1',
    '1.x',
    '1.',
    'latest',
    -1,
    Number.NaN,
    true,
    {},
    [1],
  ])('%j is no version', (version) => {
    expect(refused(version)).toMatchObject({ reason: 'unsupported_schema_version' });
    expect(refused(version)?.detail).toContain('expected a version such as "1.0".');
  });

  it('is looked at first: in a newer version other fields may mean something else', () => {
    expect(ads({ schema_version: '2.0' }, new Repairs())).toMatchObject({
      reject: { reason: 'unsupported_schema_version' },
    });
  });
});
