import { describe, expect, it } from 'vitest';
import { breakingReason, compareSchemas } from '../../src/docs/schema-changes.ts';

const before = `
  type Query { metrics(first: Int, rows: Int @deprecated(reason: "Use first."), where: Where): Metrics! }
  type Metrics { cost: Float!  clicks: Int  spend: Float! @deprecated(reason: "Use cost.") }
  input Where { channel: String  source: String @deprecated(reason: "Use channel.") }
  enum Grain { DAY WEEK FORTNIGHT @deprecated(reason: "Use WEEK.") }
`;
const change = (from: string, to: string) => {
  expect(before).toContain(from);
  return compareSchemas(before, before.replace(from, to));
};

describe('compareSchemas', () => {
  it('finds nothing in what is the same, or only described anew', async () => {
    expect(await change('', '')).toEqual({ breaking: [], dangerous: [] });
    expect(await change('cost: Float!', '"Spend." cost: Float!')).toEqual({ breaking: [], dangerous: [] });
  });

  it.each([
    ['a field', 'cost: Float!  ', '', /cost/],
    ['an argument', 'first: Int, ', '', /first/],
    ['an input field', 'channel: String  ', '', /channel/],
    ['an enum value', 'DAY ', '', /DAY/],
    ['the promise not to be null', 'cost: Float!', 'cost: Float', /Float!/],
    ['the right to leave out an argument', 'first: Int,', 'first: Int!,', /first/],
    ['the right to leave out an input field', 'channel: String ', 'channel: String! ', /channel/],
  ])('is broken by the loss of %s', async (_what, from, to, message) => {
    const { breaking } = await change(from, to);
    expect(breaking).toEqual([expect.stringMatching(message)]);
  });

  it.each([
    ['a field', 'spend: Float! @deprecated(reason: "Use cost.")', '', /spend/],
    ['an argument', 'rows: Int @deprecated(reason: "Use first."), ', '', /rows/],
    ['an input field', 'source: String @deprecated(reason: "Use channel.")', '', /source/],
    ['an enum value', 'FORTNIGHT @deprecated(reason: "Use WEEK.")', '', /FORTNIGHT/],
  ])('lets %s go that was deprecated, and says so', async (_what, from, to, message) => {
    const { breaking, dangerous } = await change(from, to);
    expect({ breaking, dangerous }).toEqual({ breaking: [], dangerous: [expect.stringMatching(message)] });
  });

  it('takes additions, and points out those that may surprise', async () => {
    expect(await change('clicks: Int', 'clicks: Int!  leads: Int!')).toEqual({ breaking: [], dangerous: [] });
    expect(await change('DAY ', 'DAY MONTH ')).toMatchObject({
      breaking: [],
      dangerous: [expect.stringMatching(/MONTH/)],
    });
  });
});

describe('breakingReason', () => {
  it('is what stands after `breaking:` on a line of its own', () => {
    expect(breakingReason('Drop spend\n\nbreaking: nobody asked for it since May\n')).toBe(
      'nobody asked for it since May',
    );
    expect(breakingReason('Breaking: no client left')).toBe('no client left');
  });
  it('is not there without a reason or in passing', () => {
    expect(breakingReason('Drop spend\n\nbreaking:\n\nmore')).toBeUndefined();
    expect(breakingReason('Stop breaking: things')).toBeUndefined();
  });
});
