import { isObject } from '../formats/json/parse.ts';
import { createCatalogue, standardCatalogue } from '../metrics/catalogue.ts';
import type { Filter } from '../metrics/filter.ts';
import type { OwnAddend, OwnFormulaDefinition, OwnSumDefinition } from '../metrics/own/definitions.ts';
import type { Expression } from '../metrics/own/expression.ts';
import {
  camelCase,
  eventField,
  isMeasure,
  type MeasureName,
  type OwnMeasure,
  ownMeasure,
  type SumName,
  snakeCase,
  standardMeasures,
  sumNames,
} from '../metrics/registry.ts';
import { noSuch } from '../nearest.ts';
import { type ConditionOn, isMetadataPath, readCondition } from './condition.ts';
import { FormulaError, parseFormula, unitOf } from './formula.ts';
import type { OwnNames } from './own-names.ts';
import { below, type Report } from './report.ts';
import { readText } from './texts.ts';

const mostMeasures = 100;
const ways = ['count', 'distinct', 'sum', 'formula'] as const;
const keysOf = {
  count: ['description', 'count', 'where'],
  distinct: ['description', 'distinct', 'where'],
  sum: ['description', 'sum', 'currency', 'where'],
  formula: ['description', 'formula'],
} as const;
const extraMeasure = /^extra_measures\.([a-z][a-z0-9_]{0,39})$/;

type Written = Readonly<Record<string, unknown>>;
export interface OwnMeasures {
  readonly sums: readonly OwnSumDefinition[];
  readonly formulas: readonly OwnFormulaDefinition[];
}

/** A formula whose names are still those of the file. */
interface ParsedFormula {
  readonly key: string;
  readonly description: string;
  readonly formula: string;
  readonly parsed: Expression<string>;
  readonly report: Report;
}

/** Reads the section `measures`. What is wrong is reported and left out. */
export function readMeasures(written: unknown, names: OwnNames, report: Report): OwnMeasures {
  if (written === undefined || written === null) return { sums: [], formulas: [] };
  if (!isObject(written)) {
    report([], 'expected measures by name, such as demo_requests');
    return { sums: [], formulas: [] };
  }
  const entries = Object.entries(written);
  if (entries.length > mostMeasures)
    report([], `has ${entries.length} measures; at most ${mostMeasures} can be defined`);
  const sums: OwnSumDefinition[] = [];
  const formulas: ParsedFormula[] = [];
  for (const [key, definition] of entries) {
    const ofMeasure = below(report, key);
    if (!names.take(key, ofMeasure)) continue;
    const read = readMeasure(key, definition, ofMeasure);
    if (read === undefined) continue;
    if ('parsed' in read) formulas.push(read);
    else sums.push(read);
  }
  return { sums, formulas: resolveFormulas(formulas, sums, Object.keys(written)) };
}

function readMeasure(
  key: string,
  written: unknown,
  report: Report,
): OwnSumDefinition | ParsedFormula | undefined {
  if (!isObject(written)) {
    report([], `expected a description, and one of ${ways.join(', ')}`);
    return undefined;
  }
  const [way, ...others] = ways.filter((name) => name in written);
  if (way === undefined || others.length > 0) {
    report([], `expected ${way === undefined ? 'one' : 'only one'} of ${ways.join(', ')}`);
    return undefined;
  }
  for (const name of Object.keys(written))
    if (!keysOf[way].some((known) => known === name)) report([name], noSuch('key', name, keysOf[way]));
  const description = readText(
    written.description,
    below(report, 'description'),
    'say in a sentence what it means',
  );
  if (way === 'formula') {
    const parsed = readFormula(written.formula, below(report, 'formula'));
    if (description === undefined || parsed === undefined) return undefined;
    return {
      key,
      description,
      formula: String(written.formula).trim(),
      parsed,
      report: below(report, 'formula'),
    };
  }
  const addend = readAddend(way, written, report);
  const where =
    written.where === undefined || addend === undefined
      ? undefined
      : readCondition(written.where, rowsOf(addend), below(report, 'where'));
  const isWhole = written.where === undefined || where !== undefined;
  if (description === undefined || addend === undefined || !isWhole) return undefined;
  return { name: ownMeasure(key), key, description, addend, where, formula: inWords(addend, where) };
}

function readAddend(
  way: Exclude<(typeof ways)[number], 'formula'>,
  written: Written,
  report: Report,
): OwnAddend | undefined {
  const ofWay = below(report, way);
  if (way === 'count') {
    if (written.count === 'events') return { kind: 'events' };
    ofWay([], 'expected events');
    return undefined;
  }
  const text = readText(written[way], ofWay, 'name what it adds up');
  if (text === undefined) return undefined;
  if (way === 'distinct') {
    if (isMetadataPath(text) || text === 'service' || text === 'message')
      return { kind: 'distinct', field: eventField(text) };
    ofWay([], `is no field of events; expected metadata.… such as metadata.visitor_id, service or message`);
    return undefined;
  }
  return readSummed(text, written, report);
}

function readSummed(text: string, written: Written, report: Report): OwnAddend | undefined {
  const ofSum = below(report, 'sum');
  const ofCurrency = below(report, 'currency');
  if (isMetadataPath(text)) {
    const currency = written.currency === undefined ? undefined : readCurrency(written.currency, ofCurrency);
    if (written.currency !== undefined && currency === undefined) return undefined;
    return { kind: 'values', field: eventField(text), currency };
  }
  if (written.currency !== undefined) ofCurrency([], 'goes with sums of metadata only; leave it out');
  const [, extra] = extraMeasure.exec(text) ?? [];
  if (extra !== undefined) return { kind: 'extra', name: extra, unit: 'quantity' };
  const standard = sumNames.find((name) => name === camelCase(text));
  if (standard !== undefined) return { kind: 'standard', of: standard };
  ofSum([], noSuch('sum', text, [...sumNames.map(snakeCase), 'metadata.…', 'extra_measures.…']));
  return undefined;
}

function readCurrency(
  written: unknown,
  report: Report,
): { readonly code: string } | { readonly field: ReturnType<typeof eventField> } | undefined {
  const text = readText(written, report, 'name a code such as EUR, or metadata.…');
  if (text === undefined) return undefined;
  if (isMetadataPath(text)) return { field: eventField(text) };
  if (/^[A-Z]{3}$/.test(text)) return { code: text };
  report([], 'expected a code such as EUR, or the field that has it, such as metadata.currency');
  return undefined;
}

function rowsOf(addend: OwnAddend): ConditionOn {
  if (addend.kind === 'extra') return 'ads';
  return addend.kind === 'standard' ? standardCatalogue.sum(addend.of).from : 'events';
}

function inWords(addend: OwnAddend, where: Filter | undefined): string {
  const what = (): string => {
    switch (addend.kind) {
      case 'standard':
        return standardCatalogue.describe(addend.of).formula;
      case 'extra':
        return `sum of ${addend.name}`;
      case 'events':
        return 'events';
      case 'distinct':
        return `different values of ${addend.field.slice('event.'.length)} of events`;
      case 'values':
        return `sum of ${addend.field.slice('event.'.length)} of events`;
      default:
        return addend satisfies never;
    }
  };
  return where === undefined ? what() : `${what()} where ${describeFilter(where)}`;
}

/** `utm_medium in [cpc, ppc] and utm_campaign contains brand`. */
function describeFilter(filter: Filter): string {
  if ('and' in filter) return filter.and.map(bracketed).join(' and ');
  if ('or' in filter) return filter.or.map(bracketed).join(' or ');
  if ('not' in filter) return `not ${bracketed(filter.not)}`;
  const field = snakeCase(filter.dimension.replace(/^(?:event|breakdown)\./, ''));
  if (filter.operator === 'isUnknown') return `${field} is ${filter.holds ? '' : 'not '}unknown`;
  const values = filter.values.map((value) =>
    filter.operator === 'matches' ? value?.slice('(?i)'.length) : value,
  );
  const list = values.length === 1 ? values[0] : `[${values.join(', ')}]`;
  return `${field} ${wordOf[filter.operator]} ${list}`;
}

const bracketed = (filter: Filter): string =>
  'and' in filter || 'or' in filter ? `(${describeFilter(filter)})` : describeFilter(filter);

const wordOf = {
  eq: '=',
  ne: '!=',
  in: 'in',
  notIn: 'not in',
  contains: 'contains',
  startsWith: 'starts with',
  endsWith: 'ends with',
  matches: 'matches',
} as const;

function readFormula(written: unknown, report: Report): Expression<string> | undefined {
  const text = typeof written === 'number' ? String(written) : written;
  if (typeof text !== 'string' || text.trim() === '') {
    report([], 'expected a formula, such as (revenue - cost) / cost');
    return undefined;
  }
  return telling(report, () => parseFormula(text.trim()));
}

function telling<T>(report: Report, read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof FormulaError)) throw error;
    report([], error.message);
    return undefined;
  }
}

/** Puts sums in place of the names of measures, also of other formulas. */
function resolveFormulas(
  formulas: readonly ParsedFormula[],
  sums: readonly OwnSumDefinition[],
  keys: readonly string[],
): OwnFormulaDefinition[] {
  const catalogue = createCatalogue({ sums, formulas: [] });
  const own = new Map<string, OwnMeasure>(sums.map(({ key, name }) => [key, name]));
  const parsedOf = new Map(formulas.map((formula) => [formula.key, formula]));

  const resolve = (expression: Expression<string>, open: readonly string[]): Expression<SumName> => {
    if ('number' in expression) return expression;
    if ('operator' in expression)
      return {
        operator: expression.operator,
        left: resolve(expression.left, open),
        right: resolve(expression.right, open),
      };
    const { sum: name } = expression;
    const formula = parsedOf.get(name);
    if (formula !== undefined) {
      if (open.includes(name))
        throw new FormulaError(`comes round to itself (${[...open, name].join(' → ')})`);
      return resolve(formula.parsed, [...open, name]);
    }
    const known: MeasureName | undefined = own.get(name) ?? standardOf(name);
    if (known !== undefined) return catalogue.expressionOf(known);
    // What is wrong with a measure of the file is told there.
    if (keys.includes(name)) throw new FormulaError(`needs ${name}, which is wrong itself`);
    throw new FormulaError(
      `names ${name}: ${noSuch('measure', name, [...standardMeasures.map(snakeCase), ...keys])}`,
    );
  };

  return formulas.flatMap(({ key, description, formula, parsed, report }) => {
    const read = telling(report, () => {
      const expression = resolve(parsed, [key]);
      return { expression, unit: unitOf(expression, catalogue.isAmount) };
    });
    return read === undefined ? [] : [{ name: ownMeasure(key), key, description, formula, ...read }];
  });
}

function standardOf(name: string): MeasureName | undefined {
  const field = camelCase(name);
  return isMeasure(field) ? field : undefined;
}
