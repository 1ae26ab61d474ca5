import { describe, expect, it } from 'vitest';
import type { LabelName } from '../../src/metrics/registry.ts';
import { defaultRollupSets, type RollupSet } from '../../src/metrics/rollups/sets.ts';
import { type Advice, advise } from '../../src/rollups/advisor/advice.ts';
import { candidatesFor } from '../../src/rollups/advisor/candidates.ts';
import type { AskedQuestion } from '../../src/rollups/advisor/read-questions.ts';
import { reportOf } from '../../src/rollups/advisor/report.ts';

const asked = (
  dimensions: readonly LabelName[],
  changes: Partial<Omit<AskedQuestion, 'question'>> & Partial<AskedQuestion['question']> = {},
): AskedQuestion => {
  const {
    times = 10,
    rowsRead = 1_000,
    durations = new Map([[50, times]]),
    firstAtMs = 0,
    ...rest
  } = changes;
  const question = {
    sides: ['ads'] as const,
    dimensions,
    hasBreakdown: false,
    picked: [],
    set: undefined,
    wouldUseSet: true,
    ...rest,
  };
  return { question, times, rowsRead, durations, firstAtMs };
};

/** Rows of the tables on two days, and of sets by the dimensions that they have. */
const adviseOn = (
  questions: readonly AskedQuestion[],
  groups: Readonly<Record<string, number>>,
  sets: readonly RollupSet[] = defaultRollupSets,
): Advice => {
  const candidates = candidatesFor(questions, sets);
  const rowsOf = (dimensions: readonly LabelName[]): number => groups[dimensions.join()] ?? Number.NaN;
  return advise({
    asked: questions,
    sets,
    candidates,
    sample: {
      days: 2,
      rows: { ads: 800, crm: 200 },
      groups: candidates.map(({ dimensions }) => rowsOf(dimensions)),
      values: new Map([
        ['utmTerm', 500],
        ['utmContent', 99],
        ['channel', 5],
      ]),
      bytesPerRow: 40,
    },
  });
};

describe('a set for questions that no set answers', () => {
  it('saves the share of the rows of their tables that it would not have', () => {
    const { sets, ...rest } = adviseOn(
      [
        asked(['channel', 'utmContent'], {
          rowsRead: 4_000,
          durations: new Map([
            [10, 4],
            [90, 6],
          ]),
        }),
        asked(['channel', 'utmContent'], { rowsRead: 2_000, sides: ['ads', 'crm'] }),
        asked(['channel'], { set: 'channel', rowsRead: 2_000, firstAtMs: 86_400_000 }),
      ],
      { 'channel,utmContent': 80 },
    );
    expect(sets).toEqual([
      {
        name: 'content',
        dimensions: ['channel', 'utmContent'],
        questions: 20,
        medianMs: 50,
        // Of 800 ads rows it would have 80, of 1,000 of both tables as well.
        saving: (4_000 * 0.9 + 2_000 * 0.92) / 8_000,
        rowsPerDay: 40,
        bytesPerDay: 1_600,
        shareOfRows: 0.08,
      },
    ]);
    expect(rest).toEqual({
      questions: 30,
      fromRollups: 10,
      rowsRead: 8_000,
      firstAt: '1970-01-01T00:00:00.000Z',
      tooLarge: [],
      tooLittle: { questions: 0, combinations: 0 },
      byBreakdown: 0,
      unused: ['campaign', 'campaign_lookup', 'source_medium', 'utm', 'utm_lookup'],
    });
  });

  it('counts for all that it has the dimensions of', () => {
    const { sets } = adviseOn(
      [
        asked(['utmContent', 'match']),
        asked(['channel', 'utmContent']),
        asked(['channel', 'utmContent', 'currency']),
      ],
      { utmContent: 10, 'channel,utmContent': 20 },
    );
    expect(sets).toMatchObject([{ name: 'content', dimensions: ['channel', 'utmContent'], questions: 30 }]);
  });

  it('is two sets where the smaller one saves more than the larger one for both', () => {
    const { sets } = adviseOn(
      [asked(['utmContent'], { rowsRead: 10_000 }), asked(['channel', 'utmContent'], { rowsRead: 1_000 })],
      { utmContent: 10, 'channel,utmContent': 300 },
    );
    expect(sets.map(({ name, dimensions }) => [name, ...dimensions])).toEqual([
      ['content', 'utmContent'],
      ['content_2', 'channel', 'utmContent'],
    ]);
  });

  it('unites two that are no smaller together', () => {
    const questions = [asked(['utmContent', 'channel']), asked(['utmContent', 'utmSource'])];
    const parts = { 'utmContent,channel': 50, 'utmContent,utmSource': 50 };
    const of = (together: number) =>
      adviseOn(questions, { ...parts, 'channel,utmSource,utmContent': together }).sets.map(
        ({ dimensions }) => dimensions,
      );
    expect(of(100)).toEqual([['channel', 'utmSource', 'utmContent']]);
    expect(of(101)).toHaveLength(2);
  });

  it('is not advised with more than 30 % of the rows', () => {
    const of = (groups: number) => adviseOn([asked(['adId'])], { adId: groups });
    expect(of(300).sets).toHaveLength(1);
    expect(of(301)).toMatchObject({
      sets: [],
      tooLarge: [{ dimensions: ['adId'], questions: 10, shareOfRows: 0.301 }],
      tooLittle: { questions: 0, combinations: 0 },
    });
  });

  it('is not advised for less than one row in a hundred', () => {
    const others = asked(['channel'], { set: 'channel', rowsRead: 100_000 });
    expect(adviseOn([asked(['utmTerm']), others], { utmTerm: 10 })).toMatchObject({
      sets: [],
      tooLittle: { questions: 10, combinations: 1 },
    });
  });

  it.each<[string, AskedQuestion]>([
    ['a set has the dimensions of', asked(['campaignId', 'match'])],
    ['a set answered that is no longer there', asked(['utmContent'], { set: 'content' })],
    ['want the tables, or are of few rows', asked(['utmContent'], { wouldUseSet: false })],
    ['are by a breakdown', asked(['utmContent'], { hasBreakdown: true })],
  ])('is not for questions that %s', (_, question) => {
    expect(candidatesFor([question], defaultRollupSets)).toEqual([]);
    expect(adviseOn([question], {}).sets).toEqual([]);
  });

  it.each<[lead: LabelName | undefined, picked: LabelName[]]>([
    ['utmTerm', ['channel', 'utmTerm']],
    [undefined, ['channel']],
    [undefined, []],
  ])('has the lead %s where the values of %j are picked', (lead, picked) => {
    const dimensions: LabelName[] = ['channel', 'utmTerm'];
    const of = (rowsRead: number) =>
      adviseOn([asked(dimensions, { picked, rowsRead }), asked(dimensions)], { 'channel,utmTerm': 100 });
    expect(of(1_001).sets[0]?.lead).toBe(lead);
    expect(of(1_000).sets[0]?.lead).toBeUndefined();
  });
});

describe('the report', () => {
  const advice = adviseOn(
    [
      asked(['channel', 'utmTerm'], { picked: ['utmTerm'], rowsRead: 3_000_000, times: 1_200 }),
      asked(['adId'], { times: 1 }),
      asked(['adGroupId'], { times: 1 }),
      asked([], { hasBreakdown: true }),
      asked(['channel'], { set: 'channel', rowsRead: 1_000_000, firstAtMs: Date.UTC(2025, 5, 1) }),
    ],
    { 'channel,utmTerm': 104, adId: 900, adGroupId: 20 },
  );

  it('has what to paste into a new file', () => {
    expect(reportOf(advice, { days: 14, file: undefined })).toBe(
      [
        'In the last 14 days, ClickHouse answered 1,222 questions to `metrics`, the first at 1970-01-01 00:00 UTC.',
        'It read 4,003,000 rows for them. 0.8 % were answered from rollups.',
        '',
        'Worth adding:',
        '',
        'set   dimensions        questions  median now  saves  rows a day  size a day  of all rows',
        'term  channel, utmTerm      1,200       50 ms   65 %          52        3 kB         10 %',
        '',
        "Do not pay, with more than 30 % of the tables' rows: adId (1 question, 90 %).",
        'Too little to save: 1 question by 1 other combination of dimensions.',
        'By breakdowns, which no set can have: 10 questions.',
        'Unused: campaign, campaign_lookup, source_medium, utm, utm_lookup.',
        '',
        'Write this to a file, name it in ROLLUPS_FILE, and restart all processes:',
        '',
        'rollups:',
        '  - name: term',
        '    dimensions: [channel, utmTerm]',
        '    lead: utmTerm',
      ].join('\n'),
    );
  });

  it('has what to add to the file that there is', () => {
    const report = reportOf(advice, { days: 14, file: 'rollups.yaml' });
    expect(report).toContain('Add this to the list in rollups.yaml, and restart all processes:\n\n  - name');
    expect(report).not.toContain('\nrollups:');
  });

  it('says so where nothing was asked', () => {
    expect(reportOf(adviseOn([], {}), { days: 14, file: undefined })).toContain(
      'has no question to `metrics` of the last 14 days',
    );
  });

  it('says so where no set is missing', () => {
    const served = [asked(['channel'], { set: 'channel' })];
    expect(reportOf(adviseOn(served, {}), { days: 14, file: undefined })).toContain(
      'No other set would save much.',
    );
  });
});
