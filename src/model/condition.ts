import { isObject } from '../formats/json/parse.ts';
import type { Filter } from '../metrics/filter.ts';
import {
  breakdownDimension,
  eventField,
  type Field,
  type LabelName,
  labelNames,
  matches,
  type StoredField,
  snakeCase,
} from '../metrics/registry.ts';
import { noSuch } from '../nearest.ts';
import { isValueName } from '../records/named-values.ts';
import { readPattern } from './pattern.ts';
import { below, type Report } from './report.ts';
import { readText } from './texts.ts';

/** The rows that a condition is about. */
export type ConditionOn = 'records' | 'ads' | 'crm' | 'events';

const operators = {
  eq: 'eq',
  ne: 'ne',
  in: 'in',
  not_in: 'notIn',
  contains: 'contains',
  starts_with: 'startsWith',
  ends_with: 'endsWith',
  is_unknown: 'isUnknown',
  matches: 'matches',
} as const;
type Operator = keyof typeof operators;
const operatorNames = Object.keys(operators) as Operator[];
const connectives = ['and', 'or', 'not'] as const;
const maxDepth = 10;

const labelOf = new Map(labelNames.map((name) => [snakeCase(name), name] as const));
const notOf: Readonly<Record<ConditionOn, readonly LabelName[]>> = {
  records: [],
  ads: ['match'],
  crm: ['adGroupId', 'adId'],
  events: ['adGroupId', 'adId', 'currency'],
};
const rowsOf: Readonly<Record<ConditionOn, string>> = {
  records: 'records',
  ads: 'ads rows',
  crm: 'CRM records',
  events: 'events',
};

/**
 * Reads a condition: `utm_medium: [cpc, ppc]`, `utm_campaign: { starts_with: brand }`, `or: […]`, `not: …`. All of its parts must
 * hold. Undefined where it is wrong, which is reported.
 */
export function readCondition(
  written: unknown,
  on: ConditionOn,
  report: Report,
  depth = 0,
): Filter | undefined {
  if (!isObject(written) || Object.keys(written).length === 0) {
    report([], 'expected conditions, such as utm_medium: [cpc, ppc]');
    return undefined;
  }
  if (depth > maxDepth) {
    report([], `conditions nest at most ${maxDepth} deep`);
    return undefined;
  }
  const parts = Object.entries(written).map(([key, value]) =>
    readPart(key, value, on, below(report, key), depth),
  );
  const whole = parts.filter((part) => part !== undefined);
  if (whole.length < parts.length) return undefined;
  const [only, ...others] = whole;
  return only !== undefined && others.length === 0 ? only : { and: whole };
}

function readPart(
  key: string,
  value: unknown,
  on: ConditionOn,
  report: Report,
  depth: number,
): Filter | undefined {
  if (key === 'not') {
    const inner = readCondition(value, on, report, depth + 1);
    return inner && { not: inner };
  }
  if (key === 'and' || key === 'or') {
    if (!Array.isArray(value) || value.length === 0) {
      report([], 'expected a list of conditions');
      return undefined;
    }
    const parts = value.map((item, index) => readCondition(item, on, below(report, index), depth + 1));
    const whole = parts.filter((part) => part !== undefined);
    if (whole.length < parts.length) return undefined;
    return key === 'and' ? { and: whole } : { or: whole };
  }
  const field = fieldFor(key, on, report);
  return field && readComparisons(field, value, report);
}

function fieldFor(key: string, on: ConditionOn, report: Report): Field | undefined {
  const label = labelOf.get(key);
  if (label !== undefined) {
    if (!notOf[on].includes(label)) return label;
    report([], `${rowsOf[on]} have no ${key}`);
    return undefined;
  }
  if (on === 'events') {
    if (key === 'service' || key === 'message' || isMetadataPath(key)) return eventField(key);
  } else if (on !== 'crm' && key.startsWith('breakdowns.')) {
    const name = key.slice('breakdowns.'.length);
    if (isValueName(name)) return breakdownDimension(name);
  }
  report([], noSuch('field', key, [...fieldsOf(on), ...connectives]));
  return undefined;
}

const fieldsOf = (on: ConditionOn): string[] => [
  ...labelNames.filter((name) => !notOf[on].includes(name)).map(snakeCase),
  ...(on === 'events' ? ['service', 'message', 'metadata.…'] : on === 'crm' ? [] : ['breakdowns.…']),
];

/** `metadata.plan`, `metadata.order.total`. */
export const isMetadataPath = (text: string): boolean => /^metadata(?:\.[^.\s]{1,100}){1,5}$/.test(text);

function readComparisons(dimension: Field, written: unknown, report: Report): Filter | undefined {
  if (!isObject(written)) {
    const operator = Array.isArray(written) ? 'in' : 'eq';
    return readComparison(dimension, operator, written, report);
  }
  const entries = Object.entries(written);
  if (entries.length === 0) report([], `expected one of ${operatorNames.join(', ')}`);
  const parts = entries.map(([key, value]) => {
    const operator = operatorNames.find((name) => name === key);
    if (operator !== undefined) return readComparison(dimension, operator, value, below(report, key));
    report([key], noSuch('operator', key, operatorNames));
    return undefined;
  });
  const whole = parts.filter((part) => part !== undefined);
  if (whole.length === 0 || whole.length < parts.length) return undefined;
  const [only, ...others] = whole;
  return only !== undefined && others.length === 0 ? only : { and: whole };
}

function readComparison(
  dimension: Field,
  operator: Operator,
  written: unknown,
  report: Report,
): Filter | undefined {
  if (operator === 'is_unknown') {
    if (typeof written === 'boolean') return { dimension, operator: 'isUnknown', holds: written };
    report([], 'expected true or false');
    return undefined;
  }
  if (operator === 'matches') {
    const pattern = readPattern(written, report);
    return pattern && { dimension, operator, values: [`(?i)${pattern.source}`] };
  }
  const takesList = operator === 'in' || operator === 'not_in';
  if (takesList && (!Array.isArray(written) || written.length === 0)) {
    report([], 'expected a list of texts');
    return undefined;
  }
  if (!takesList && Array.isArray(written)) {
    report([], 'expected one text; lists go with in and not_in');
    return undefined;
  }
  const items: readonly unknown[] = Array.isArray(written) ? written : [written];
  const values = items.map((item, index) =>
    readText(item, takesList ? below(report, index) : report, 'name a value'),
  );
  const whole = values.filter((value) => value !== undefined);
  if (whole.length < values.length) return undefined;
  const wrong = whole.find((value) => dimension === 'match' && !isMatch(value));
  if (wrong !== undefined) {
    report([], noSuch('match', wrong, matches));
    return undefined;
  }
  return { dimension, operator: operators[operator], values: whole };
}

const isMatch = (value: string): boolean => matches.some((match) => match === value.toUpperCase());

/** The fields that a condition is about. */
export function fieldsIn(filter: Filter): readonly StoredField[] {
  if ('and' in filter) return [...new Set(filter.and.flatMap(fieldsIn))];
  if ('or' in filter) return [...new Set(filter.or.flatMap(fieldsIn))];
  if ('not' in filter) return fieldsIn(filter.not);
  return [filter.dimension as StoredField];
}
