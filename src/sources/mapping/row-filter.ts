import type { Raw } from '../../formats/json/parse.ts';
import { type ElementPath, valueAt } from './element-path.ts';

/** Which values a row must have at a place, or must not have. A value may end in `*`, for whatever follows. */
export interface RowCondition {
  readonly place: ElementPath;
  readonly values: readonly string[];
  readonly isNegated: boolean;
}

/** Tells whether an element meets all conditions. Texts are compared without regard to case and white space around them. */
export function createRowFilter(conditions: readonly RowCondition[]): (element: Raw) => boolean {
  const tests = conditions.map(testOf);
  return (element) => tests.every((test) => test(element));
}

/**
 * Tells whether a row of too few or too many cells is one that the conditions leave out. What a short row lacks says nothing:
 * it may have been cut off.
 */
export function createStrayRowTest(conditions: readonly RowCondition[]) {
  const tests = conditions.map((condition) => ({ condition, test: testOf(condition) }));
  return (row: Raw, isLonger: boolean): boolean =>
    tests.some(({ condition: { place }, test }) => {
      const isKnown = isLonger || textOf(valueAt(row, place)) !== '';
      return isKnown && !test(row);
    });
}

function testOf({ place, values, isNegated }: RowCondition): (element: Raw) => boolean {
  const matchers = values.map(matcherOf);
  return (element) => {
    const text = textOf(valueAt(element, place));
    return matchers.some((matches) => matches(text)) !== isNegated;
  };
}

function matcherOf(value: string): (text: string) => boolean {
  const wanted = value.trim().toLowerCase();
  if (!wanted.endsWith('*')) return (text) => text === wanted;
  const beginning = wanted.slice(0, -1);
  return (text) => text.startsWith(beginning);
}

const textOf = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? String(value).trim().toLowerCase()
    : '';
