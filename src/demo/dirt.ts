import type { DatedRecord, FeedRecord } from './feed-record.ts';

/**
 * One thing that real feeds do wrong: done to every nth record, so that each kind is sure to occur. The numbers are primes,
 * so that no kind keeps hitting the same campaign.
 */
interface Flaw {
  readonly every: number;
  readonly only?: (record: FeedRecord) => boolean;
  /** The record or records that stand in for the one that was right. */
  readonly spoil: (record: FeedRecord, occurrence: number) => readonly FeedRecord[];
}

const change =
  (make: (record: FeedRecord, occurrence: number) => FeedRecord): Flaw['spoil'] =>
  (record, occurrence) => [{ ...record, ...make(record, occurrence) }];

const text = (value: unknown): string => (value === null || value === undefined ? '' : String(value));
const capitalised = (value: unknown): string => text(value).replace(/^./, (letter) => letter.toUpperCase());
const figure = (value: unknown): number => Number(value);
const inTurn = <T>(list: readonly [T, ...T[]], occurrence: number): T =>
  list[occurrence % list.length] ?? list[0];
/** 30 February of the record's year. */
const impossibleDate = (date: unknown): string => `${text(date).slice(0, 4)}-02-30`;

const adsFlaws: readonly Flaw[] = [
  { every: 53, spoil: change(({ utm_source }) => ({ utm_source: capitalised(utm_source) })) },
  { every: 61, spoil: change(({ utm_medium }) => ({ utm_medium: ` ${text(utm_medium).toUpperCase()} ` })) },
  { every: 89, spoil: change(({ channel }) => ({ channel: text(channel).toUpperCase() })) },
  {
    every: 41,
    only: ({ utm_source }) => utm_source === 'instagram',
    spoil: change(() => ({ utm_source: '{{site_source_name}}' })),
  },
  {
    every: 173,
    spoil: change((_record, occurrence) => ({ utm_term: inTurn([null, '', '  '], occurrence) })),
  },
  { every: 401, spoil: change(() => ({ utm_content: null })) },
  {
    every: 67,
    spoil: change(({ clicks, cost }) => ({ clicks: text(clicks), cost: figure(cost).toFixed(2) })),
  },
  { every: 307, spoil: change(({ cost }) => ({ cost: figure(cost) + 0.00432187 })) },
  { every: 1_499, spoil: change(({ cost }) => ({ cost: -figure(cost) })) },
  { every: 1_201, spoil: change(() => ({ impressions: null })) },
  { every: 131, spoil: change(({ date }) => ({ date: text(date).replaceAll('-', '/') })) },
  { every: 139, spoil: change(({ date }) => ({ date: `${text(date)}T00:00:00Z` })) },
  { every: 149, spoil: change(() => ({ currency: 'usd' })) },
  { every: 443, spoil: (record) => [record, record] },
  {
    every: 3_001,
    // Restated: the row as it was, then as it is.
    spoil: (record) => [
      { ...record, updated_at: `${text(record.date).replaceAll('/', '-').slice(0, 10)}T12:00:00Z` },
      {
        ...record,
        cost: Math.round(figure(record.cost) * 110) / 100,
        updated_at: `${text(record.date).replaceAll('/', '-').slice(0, 10)}T18:00:00Z`,
      },
    ],
  },
  {
    every: 2_503,
    spoil: change(({ date }, occurrence) =>
      inTurn<FeedRecord>(
        [{ date: impossibleDate(date) }, { campaign_id: '' }, { cost: 'NaN' }, { clicks: 12.5 }],
        occurrence,
      ),
    ),
  },
];

const crmFlaws: readonly Flaw[] = [
  { every: 29, spoil: change(({ utm_source }) => ({ utm_source: capitalised(utm_source) })) },
  {
    every: 37,
    only: ({ utm_medium }) => typeof utm_medium === 'string',
    spoil: change(({ utm_medium }) => ({ utm_medium: ` ${text(utm_medium).toUpperCase()} ` })),
  },
  { every: 43, spoil: change(({ contact_email }) => ({ contact_email: ` ${capitalised(contact_email)}` })) },
  {
    every: 59,
    only: ({ utm_content }) => typeof utm_content === 'string',
    spoil: change(() => ({ utm_content: '{{ad.name}}' })),
  },
  {
    every: 31,
    spoil: change(({ created_at }) => ({ created_at: text(created_at).slice(0, 19).replace('T', ' ') })),
  },
  { every: 47, spoil: change(({ created_at }) => ({ created_at: Date.parse(text(created_at)) })) },
  { every: 23, spoil: change(({ amount }) => ({ amount: figure(amount).toFixed(2) })) },
  { every: 71, spoil: change(() => ({ amount: null })) },
  { every: 701, spoil: change(({ amount }) => ({ amount: -figure(amount) })) },
  {
    every: 7,
    only: ({ stage }) => stage === 'closed_won',
    spoil: change((_record, occurrence) => ({
      stage: inTurn(['Closed Won', 'closed-won', 'CLOSEDWON'], occurrence),
    })),
  },
  { every: 97, only: ({ stage }) => stage === 'lead', spoil: change(() => ({ stage: 'nurture' })) },
  { every: 331, spoil: (record) => [record, record] },
  {
    every: 997,
    // An export that ran twice: the record's earlier state, then its present one.
    spoil: (record) => [{ ...record, stage: 'lead', updated_at: record.created_at }, record],
  },
  {
    every: 601,
    spoil: change((_record, occurrence) =>
      inTurn<FeedRecord>(
        [{ created_at: 'yesterday' }, { opportunity_id: null }, { amount: 'on request' }],
        occurrence,
      ),
    ),
  },
];

/** Ads rows with what real feeds do wrong. */
export const spoilAds = (records: readonly DatedRecord[]): readonly DatedRecord[] => spoil(records, adsFlaws);

/** CRM records with what real feeds do wrong. */
export const spoilCrm = (records: readonly DatedRecord[]): readonly DatedRecord[] => spoil(records, crmFlaws);

function spoil(records: readonly DatedRecord[], flaws: readonly Flaw[]): readonly DatedRecord[] {
  return flaws.reduce((current, { every, only = () => true, spoil: apply }) => {
    let seen = 0;
    return current.flatMap((dated) => {
      if (!only(dated.record)) return [dated];
      seen += 1;
      if (seen % every !== 0) return [dated];
      return apply(dated.record, seen / every - 1).map((record) => ({ day: dated.day, record }));
    });
  }, records);
}
