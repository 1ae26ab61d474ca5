import { expect, it } from 'vitest';
import { collectCorrupt } from '../../src/wal/set-aside.ts';

const range = { from: 100, to: 200, records: 1 };

it('corrupt records were pushed between the intact ones around all of them', () => {
  const found = collectCorrupt();
  for (const time of [1, 2]) found.passed(time);
  found.add(range);
  found.passed(3);
  expect(found.span).toEqual({ after: 2, before: 3 });
  found.add(range);
  expect(found.span).toEqual({ after: 2, before: undefined });
  for (const time of [4, 5]) found.passed(time);
  expect(found).toMatchObject({ ranges: [range, range], span: { after: 2, before: 4 } });
});

it('what a segment begins or ends with is not known to be after or before anything', () => {
  const found = collectCorrupt();
  found.add(range);
  expect(found.span).toEqual({ after: undefined, before: undefined });
});
