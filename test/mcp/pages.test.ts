import { describe, expect, it } from 'vitest';
import { pageOf, shortened } from '../../src/mcp/pages.ts';

const page = (texts: readonly string[], hasNextPage = false) =>
  pageOf({
    edges: texts.map((text, index) => ({ cursor: `c${index}`, node: { text } })),
    pageInfo: { hasNextPage },
    totalCount: 1_000,
  });

describe('the rows of an answer', () => {
  it('are all of a short page', () => {
    expect(page(['a', 'b']).page).toEqual({
      rows: 2,
      total: 1_000,
      after: null,
      note: 'There are no rows after these; 1000 in all.',
    });
    expect(page(['a', 'b'], true).page).toMatchObject({ rows: 2, after: 'c1' });
    expect(page([]).page).toMatchObject({ rows: 0, after: null });
  });

  it('end before the answer is too long, and the next page begins where they end', () => {
    const { rows, page: told } = page(
      Array.from({ length: 200 }, (_, index) => `${index} ${'x'.repeat(990)}`),
    );
    expect(JSON.stringify(rows).length).toBeLessThan(61_000);
    expect(rows.length).toBeGreaterThan(50);
    expect(told).toMatchObject({ rows: rows.length, after: `c${rows.length - 1}` });
    expect(told.note).toContain(`These are ${rows.length} of 1000 rows.`);
  });

  it('are one at least, so that paging comes to an end', () => {
    expect(page(['x'.repeat(100_000), 'b'])).toMatchObject({
      rows: [{ text: expect.any(String) }],
      page: { rows: 1, after: 'c0' },
    });
  });
});

it('lists within an answer are short, and what is left out of each is counted', () => {
  const days = Array.from({ length: 60 }, (_, day) => day);
  expect(shortened({ quality: { days, other: [{ days }] }, text: 'x', nothing: null })).toEqual({
    value: {
      quality: { days: days.slice(0, 50), other: [{ days: days.slice(0, 50) }] },
      text: 'x',
      nothing: null,
    },
    leftOut: { 'quality.days': 10, 'quality.other.days': 10 },
  });
});
