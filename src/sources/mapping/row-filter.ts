import type { JsonObject } from '../../formats/json/parse.ts';
import { type ElementPath, valueAt } from './element-path.ts';

/** Values that a row must, or must not, have at a path. A value may end in the wildcard `*`. */
export interface RowCondition {
  readonly place: ElementPath;
  readonly values: readonly string[];
  readonly isNegated: boolean;
}

/** Creates a test that returns true if an element meets all conditions. It ignores case and surrounding white space. */
export function createRowFilter(conditions: readonly RowCondition[]): (element: JsonObject) => boolean {
  const tests = conditions.map(testOf);
  return (element) => tests.every((test) => test(element));
}

/**
 * Creates a test that returns true if the conditions exclude a row with too few or too many cells. The missing cells of a short
 * row prove nothing: the row may be truncated.
 */
export function createStrayRowTest(conditions: readonly RowCondition[]) {
  const tests = conditions.map((condition) => ({ condition, test: testOf(condition) }));
  return (row: JsonObject, isLonger: boolean): boolean =>
    tests.some(({ condition: { place }, test }) => {
      const isKnown = isLonger || textOf(valueAt(row, place)) !== '';
      return isKnown && !test(row);
    });
}

function testOf({ place, values, isNegated }: RowCondition): (element: JsonObject) => boolean {
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
