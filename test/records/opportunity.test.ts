import { describe, expect, it } from 'vitest';
import { formatDay } from '../../src/records/day.ts';
import { createOpportunityNormaliser } from '../../src/records/opportunity.ts';
import { Repairs } from '../../src/records/outcome.ts';
import { defaultStages } from '../../src/records/stage.ts';

const rules = {
  timezone: 'UTC',
  currency: 'USD',
  stages: defaultStages,
  contactHashKey: 'a key of sixteen characters',
};
const normalise = createOpportunityNormaliser(rules);
const good = {
  opportunity_id: 'O-9001',
  contact_email: 'ana@example.com',
  stage: 'closed_won',
  amount: 5000,
  created_at: '2025-08-01T10:00:00Z',
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
  return { record: outcome.record, repairs: repairs.toRecord() };
}

it.each([
  'opportunity_id',
  'stage',
  'utm_campaign',
])('half of a character in %s is refused, not merged with another', (field) => {
  expect(read({ [field]: 'b\ud800r' }).reject).toMatchObject({ reason: 'invalid_text', field });
  expect(read({ [field]: 'b\ufffdr 🙂' }).reject).toBeUndefined();
});

describe('stages', () => {
  it.each([
    ['closed_won', 'closed_won'],
    ['Closed Won', 'closed_won'],
    ['closedwon', 'closed_won'],
    ['CLOSED-LOST', 'closed_lost'],
    ['Qualified', 'opportunity'],
    ['proposal', 'opportunity'],
    ['Lead', 'lead'],
  ])('%s is %s', (stage, expected) => {
    expect(read({ stage }).record?.stage).toBe(expected);
  });

  it.each([
    [{ is_won: true, is_closed: true }, 'closed_won'],
    [{ is_won: 'TRUE' }, 'closed_won'],
    [{ is_won: 'false', is_closed: 'true' }, 'closed_lost'],
    [{ is_won: 0, is_closed: 1 }, 'closed_lost'],
    [{ is_won: false, is_closed: false }, 'lead'],
    [{ is_closed: true }, 'lead'],
    [{ is_won: '', is_closed: null }, 'lead'],
  ])('with the CRM’s own word %j a stage that no table knows is %s, and keeps its name', (flags, expected) => {
    expect(read({ stage: '80123451', ...flags }).record).toMatchObject({
      stage: expected,
      stageName: '80123451',
    });
  });

  it('the CRM’s own word goes before the table, and one that cannot be read is rejected', () => {
    expect(read({ stage: 'closed_won', is_won: false, is_closed: true }).record?.stage).toBe('closed_lost');
    expect(read({ stage: 'proposal', is_won: false, is_closed: false }).record?.stage).toBe('opportunity');
    expect(read({ is_won: 'maybe' }).reject).toMatchObject({ reason: 'invalid_text', field: 'is_won' });
  });

  it('an unknown stage is kept in its own words, counted as a lead, and reported', () => {
    expect(read({ stage: 'Kicked tires' })).toMatchObject({
      record: { stage: 'lead', stageName: 'Kicked tires' },
      repairs: { unknown_stage: 1 },
    });
  });

  it('are read by the configured table', () => {
    const own = createOpportunityNormaliser({
      ...rules,
      stages: { ...defaultStages, kicked_tires: 'opportunity' },
    });
    expect(read({ stage: 'Kicked tires' }, own).record?.stage).toBe('opportunity');
  });
});

describe('created_at', () => {
  it.each([
    ['2025-08-01T10:00:00Z', 1754042400000],
    ['2025-08-01T12:00:00+02:00', 1754042400000],
    ['2025-08-01 10:00:00', 1754042400000],
    ['2025/08/01 10:00:00', 1754042400000],
    ['1754042400000', 1754042400000],
    [1754042400000, 1754042400000],
    ['2025-08-01T10:00:00.123456Z', 1754042400123],
  ])('%j', (created_at, instant) => {
    expect(read({ created_at }).record?.createdAt).toBe(instant);
  });

  it('falls on its day in the reporting time zone', () => {
    const losAngeles = createOpportunityNormaliser({ ...rules, timezone: 'America/Los_Angeles' });
    expect(formatDay(read({ created_at: '2025-08-01T05:00:00Z' }, losAngeles).record?.day ?? 0)).toBe(
      '2025-07-31',
    );
  });

  it.each([
    ['America/Los_Angeles', '2025-08-01 10:00:00', '2025-08-01T17:00:00.000Z'],
    ['Europe/Berlin', '2025-01-01 00:30', '2024-12-31T23:30:00.000Z'],
    ['Asia/Kolkata', '2025-08-01T00:00:00', '2025-07-31T18:30:00.000Z'],
    ['Pacific/Kiritimati', '2025-08-01T23:59:59', '2025-08-01T09:59:59.000Z'],
    // The hour comes twice: the first one.
    ['Europe/Berlin', '2025-10-26 02:30:00', '2025-10-26T00:30:00.000Z'],
    ['Europe/Berlin', '2025-10-26 03:30:00', '2025-10-26T02:30:00.000Z'],
    // There is no such hour: as long after midnight.
    ['Europe/Berlin', '2025-03-30 02:30:00', '2025-03-30T01:30:00.000Z'],
    ['Europe/Berlin', '2025-03-30 03:30:00', '2025-03-30T01:30:00.000Z'],
    ['Europe/Berlin', '2025-08-01 10:00:00+00', '2025-08-01T10:00:00.000Z'],
  ])('without an offset is a time of %s: %s', (timezone, created_at, instant) => {
    const local = createOpportunityNormaliser({ ...rules, timezone });
    const { record } = read({ created_at }, local);
    expect(new Date(record?.createdAt ?? 0).toISOString()).toBe(instant);
    expect(formatDay(record?.day ?? 0)).toBe(
      created_at.includes('+') ? '2025-08-01' : created_at.slice(0, 10),
    );
  });

  it.each([
    'America/Los_Angeles',
    'UTC',
    'Pacific/Kiritimati',
  ])('without a time is that day in %s', (timezone) => {
    const local = createOpportunityNormaliser({ ...rules, timezone });
    expect(formatDay(read({ created_at: '2025-08-01' }, local).record?.day ?? 0)).toBe('2025-08-01');
  });
});

describe('the contact', () => {
  it('is kept as a keyed hash only, the same for one address in any case', () => {
    const hash = read({}).record?.contactHash ?? '';
    expect(hash).toMatch(/^[0-9a-f]{64}$/);
    expect(read({ contact_email: ' ANA@example.com ' }).record?.contactHash).toBe(hash);
    expect(JSON.stringify(read({}).record)).not.toContain('ana');
  });

  it('has another hash under another key, and none without an address', () => {
    const other = createOpportunityNormaliser({ ...rules, contactHashKey: 'another key of sixteen' });
    expect(read({}, other).record?.contactHash).not.toBe(read({}).record?.contactHash);
    expect(read({ contact_email: null }).record?.contactHash).toBe('');
  });
});

it.each([
  [{ opportunity_id: null }, 'missing_field', 'opportunity_id'],
  [{ created_at: '' }, 'missing_field', 'created_at'],
  [{ created_at: '01.08.2025' }, 'invalid_date', 'created_at'],
  [{ created_at: '2149-06-01T00:00:00Z' }, 'date_out_of_range', 'created_at'],
  [{ amount: 'five' }, 'invalid_number', 'amount'],
])('%j is rejected', (changes, reason, field) => {
  expect(read(changes).reject).toMatchObject({ reason, field });
});
