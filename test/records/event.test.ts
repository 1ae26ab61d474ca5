import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatDay, startOfDay } from '../../src/records/day.ts';
import { createEventNormaliser, type Event } from '../../src/records/event.ts';
import { Repairs } from '../../src/records/outcome.ts';

const now = Date.UTC(2026, 10, 20, 12);
const rules = { timezone: 'UTC', currency: 'USD', now: () => now, makeId: () => 'made-1' };
const normalise = createEventNormaliser(rules);
const good = {
  event_id: 'E-5001',
  timestamp: '2025-08-01T10:00:00Z',
  service: 'checkout',
  message: 'order placed',
  metadata: { order_id: 'A-17', total: 59.9 },
  utm_campaign: 'back_to_school',
  utm_source: 'google',
  utm_medium: 'cpc',
  utm_content: 'x',
  utm_term: 'y',
};

function read(changes: Record<string, unknown>, using = normalise) {
  const repairs = new Repairs();
  const outcome = using({ ...good, ...changes }, repairs);
  if ('reject' in outcome) return { reject: outcome.reject, repairs: repairs.toRecord(), record: undefined };
  return { record: outcome.record, repairs: repairs.toRecord(), reject: undefined };
}

/** The event as it would be sent again. */
const sent = (event: Event) => ({
  event_id: event.eventId,
  timestamp: event.timestamp,
  service: event.service,
  message: event.message,
  metadata: event.metadata,
  utm_campaign: event.utmCampaign,
  utm_source: event.utmSource,
  utm_medium: event.utmMedium,
  utm_content: event.utmContent,
  utm_term: event.utmTerm,
});

/** `{"a":{"a":…}}`, so many objects inside each other. */
const nested = (depth: number): unknown => (depth === 0 ? 1 : { a: nested(depth - 1) });
const keys = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, i]));

describe('a good event', () => {
  it('is read as it is, without repairs', () => {
    expect(read({})).toEqual({
      record: {
        eventId: 'E-5001',
        timestamp: 1754042400000,
        day: 20301,
        service: 'checkout',
        message: 'order placed',
        metadata: '{"order_id":"A-17","total":59.9}',
        utmCampaign: 'back_to_school',
        utmSource: 'google',
        utmMedium: 'cpc',
        utmContent: 'x',
        utmTerm: 'y',
        extra: '',
      },
      repairs: {},
      reject: undefined,
    });
  });

  it('falls on its day in the reporting time zone, and so does one that was timed on receipt', () => {
    const auckland = createEventNormaliser({ ...rules, timezone: 'Pacific/Auckland' });
    expect(formatDay(read({ timestamp: '2025-08-01T13:00:00Z' }, auckland).record?.day ?? 0)).toBe(
      '2025-08-02',
    );
    expect(formatDay(read({ timestamp: null }, auckland).record?.day ?? 0)).toBe('2026-11-21');
  });

  it('may lie ahead: clocks of senders differ', () => {
    const ahead = now + 3 * 86_400_000;
    expect(read({ timestamp: ahead })).toMatchObject({ record: { timestamp: ahead }, repairs: {} });
  });
});

describe('what is missing', () => {
  it.each([
    [{ event_id: null }, { eventId: 'made-1' }, {}],
    [{ event_id: '  ' }, { eventId: 'made-1' }, {}],
    [{ timestamp: undefined }, { timestamp: now, day: now / 86_400_000 - 0.5 }, { missing_timestamp: 1 }],
    [{ timestamp: '' }, { timestamp: now }, { missing_timestamp: 1 }],
    [{ service: null }, { service: 'unknown' }, { missing_to_unknown: 1 }],
    [{ service: ' ' }, { service: 'unknown' }, { missing_to_unknown: 1 }],
    [{ message: null }, { message: '' }, {}],
    [{ metadata: null }, { metadata: '' }, {}],
    [{ metadata: '' }, { metadata: '' }, {}],
    [{ utm_source: null }, { utmSource: 'unknown' }, { missing_to_unknown: 1 }],
  ])('%j is filled in', (changes, expected, repairs) => {
    const outcome = read(changes);
    expect(outcome.record).toMatchObject(expected);
    expect(outcome.repairs).toEqual(repairs);
  });

  it('gets an id and a time of its own each time', () => {
    let made = 0;
    const using = createEventNormaliser({ ...rules, makeId: () => `made-${++made}`, now: () => now + made });
    const ids = [1, 2].map(() => read({ event_id: '', timestamp: '' }, using).record);
    expect(ids.map((event) => event?.eventId)).toEqual(['made-1', 'made-2']);
  });
});

describe('texts', () => {
  it('of a service keep their case, in one Unicode form', () => {
    expect(read({ service: ' Cafe\u0301 API ' }).record?.service).toBe('Caf\u00e9 API');
  });

  it('of a message stay as they are', () => {
    expect(read({ message: '  Two\n lines, e\u0301 ' }).record?.message).toBe('  Two\n lines, e\u0301 ');
    expect(read({ message: 404 }).record?.message).toBe('404');
  });

  it('have their limits: a service in characters, a message in bytes', () => {
    expect(read({ service: 'x'.repeat(256), message: '🙂'.repeat(4_096) }).reject).toBeUndefined();
    expect(read({ service: 'x'.repeat(257) }).reject).toMatchObject({
      reason: 'text_too_long',
      field: 'service',
    });
    expect(read({ message: `🙂${'x'.repeat(16_381)}` }).reject).toMatchObject({
      reason: 'text_too_long',
      field: 'message',
      detail: 'message has 16385 bytes; at most 16384 are kept.',
    });
  });
});

describe('metadata', () => {
  it.each([
    [{}, '{}'],
    [{ a: [1, { b: null }] }, '{"a":[1,{"b":null}]}'],
    ['{"a": 1}', '{"a": 1}'],
    [' {"id":1234567890123456789} ', '{"id":1234567890123456789}'],
  ])('%j is kept as %s', (metadata, text) => {
    expect(read({ metadata }).record?.metadata).toBe(text);
  });

  it.each([
    ['invalid_metadata', [1]],
    ['invalid_metadata', 7],
    ['invalid_metadata', 'order 7'],
    ['invalid_metadata', '[1]'],
    ['invalid_metadata', 'null'],
    ['metadata_too_large', { text: 'é'.repeat(8_200) }],
    ['metadata_too_large', `{"text":"${'x'.repeat(16_400)}"}`],
    ['metadata_too_many_keys', keys(101)],
    ['metadata_too_many_keys', { list: [keys(50), keys(50)] }],
    ['metadata_too_many_keys', JSON.stringify(keys(101))],
    ['metadata_too_deep', nested(6)],
    ['metadata_too_deep', { a: [[[[[1]]]]] }],
    ['metadata_too_deep', JSON.stringify(nested(6))],
    ['metadata_too_deep', `{"a":${'['.repeat(5_000)}${']'.repeat(5_000)}}`],
  ])('is rejected with %s where it is beyond its limits', (reason, metadata) => {
    const { reject } = read({ metadata });
    expect(reject).toMatchObject({ reason, field: 'metadata' });
    expect(reject?.detail).toMatch(/^metadata (is|has) .*\.$/s);
  });

  it('is kept up to its limits, to the byte, the key and the level', () => {
    const size = 16_384 - '{"text":""}'.length;
    for (const metadata of [
      { text: 'x'.repeat(size) },
      keys(100),
      { list: [keys(50), keys(49)] },
      nested(5),
    ]) {
      expect(read({ metadata }).reject).toBeUndefined();
      expect(read({ metadata: JSON.stringify(metadata) }).reject).toBeUndefined();
    }
    expect(read({ metadata: { text: 'x'.repeat(size + 1) } }).reject?.reason).toBe('metadata_too_large');
  });

  it('of a depth that no recursion would survive is rejected, not thrown over', () => {
    let deep: unknown = 1;
    for (let i = 0; i < 100_000; i++) deep = { a: deep };
    expect(read({ metadata: deep }).reject?.reason).toBe('metadata_too_deep');
  });
});

it.each([
  [{ timestamp: '01.08.2025' }, 'invalid_date', 'timestamp'],
  [{ timestamp: true }, 'invalid_date', 'timestamp'],
  [{ timestamp: '2200-01-01T00:00:00Z' }, 'date_out_of_range', 'timestamp'],
  [{ timestamp: '1999-12-31T00:00:00Z' }, 'date_out_of_range', 'timestamp'],
  // Epoch seconds are never guessed: as milliseconds they lie in 1970.
  [{ timestamp: 1_754_042_400 }, 'date_out_of_range', 'timestamp'],
  [{ timestamp: '1754042400' }, 'invalid_date', 'timestamp'],
  [{ event_id: JSON.parse('1234567890123456789') }, 'unsafe_identifier', 'event_id'],
  [{ event_id: {} }, 'invalid_text', 'event_id'],
  [{ message: { text: 'x' } }, 'invalid_text', 'message'],
])('%j is rejected', (changes, reason, field) => {
  expect(read(changes)).toMatchObject({ reject: { reason, field }, repairs: {} });
});

describe('laws', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.constantFrom('', ' ', 'Ünïcode  X', '{{ad}}'),
  );
  const maybe = <T>(value: fc.Arbitrary<T>) =>
    fc.oneof({ weight: 4, arbitrary: value }, fc.constantFrom(null, undefined, ''));
  const raw = fc.record({
    event_id: maybe(fc.oneof(text, fc.maxSafeInteger(), fc.boolean())),
    timestamp: maybe(
      fc.oneof(
        fc
          .date({ min: new Date('2000-01-02'), max: new Date('2148-12-30'), noInvalidDate: true })
          .map((date) => date.toISOString()),
        fc.integer({ min: startOfDay(11_000), max: startOfDay(65_000) }),
      ),
    ),
    service: maybe(text),
    message: maybe(text),
    metadata: maybe(
      fc.oneof(
        fc.dictionary(text, fc.jsonValue({ maxDepth: 3 }), { maxKeys: 5 }),
        fc
          .dictionary(text, fc.jsonValue({ maxDepth: 3 }), { maxKeys: 5 })
          .map((value) => JSON.stringify(value, null, 1)),
      ),
    ),
    utm_campaign: maybe(text),
    utm_source: maybe(text),
  });

  it('normalise ∘ normalise = normalise, and the second time nothing is left to repair', () => {
    let accepted = 0;
    fc.assert(
      fc.property(raw, (event) => {
        const first = normalise(event, new Repairs());
        if ('reject' in first) return;
        accepted += 1;
        const repairs = new Repairs();
        const { isDatedByArrival: _, ...record } = first.record;
        expect(normalise(sent(first.record), repairs)).toEqual({ record: { ...record, extra: '' } });
        expect(repairs.toRecord()).toEqual({});
      }),
      { numRuns: 2_000 },
    );
    expect(accepted).toBeGreaterThan(1_000);
  });

  it('whatever comes in, the outcome is an event or a reject, never an exception', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...Object.keys(good), 'other'), fc.anything()), (changes) => {
        const outcome = normalise({ ...good, ...changes }, new Repairs());
        if ('reject' in outcome) return;
        const { record } = outcome;
        expect(record.service).not.toBe('');
        expect(record.eventId).not.toBe('');
        expect(Buffer.byteLength(record.metadata)).toBeLessThanOrEqual(16_384);
      }),
      { numRuns: 2_000 },
    );
  });
});
