import type { Aliases } from '../aliases/aliases.ts';
import { isObject } from '../formats/json/parse.ts';
import { storedForm } from '../metrics/compile-condition.ts';
import { aliasesOf } from '../metrics/field-aliases.ts';
import type { OwnDimensionDefinition } from '../metrics/own/definitions.ts';
import { formOf, type LabelName, labelNames, snakeCase } from '../metrics/registry.ts';
import { noSuch } from '../nearest.ts';
import { fieldsIn, readCondition } from './condition.ts';
import { type Lookup, readLookupFile } from './lookup-file.ts';
import type { OwnNames } from './own-names.ts';
import { readPattern } from './pattern.ts';
import { below, type Report } from './report.ts';
import { readText } from './texts.ts';

const most = { dimensions: 50, rules: 200 } as const;
const ways = ['rules', 'pattern', 'lookup'] as const;
const keysOf = {
  rules: ['description', 'rules', 'otherwise'],
  pattern: ['description', 'of', 'pattern', 'group', 'otherwise'],
  lookup: ['description', 'of', 'lookup', 'otherwise'],
} as const;
const labelOf = new Map(labelNames.map((name) => [snakeCase(name), name] as const));

type Written = Readonly<Record<string, unknown>>;
interface Base {
  readonly file: string;
  readonly aliases: Aliases;
}

/**
 * Reads the section `dimensions`. What is wrong is reported and left out.
 *
 * @param base.file the model file, which the paths of look-ups are relative to
 * @param base.aliases what keys of look-ups count as
 */
export async function readDimensions(
  written: unknown,
  base: Base,
  names: OwnNames,
  report: Report,
): Promise<OwnDimensionDefinition[]> {
  if (written === undefined || written === null) return [];
  if (!isObject(written)) {
    report([], 'expected dimensions by name, such as channel_group');
    return [];
  }
  const entries = Object.entries(written);
  if (entries.length > most.dimensions)
    report([], `has ${entries.length} dimensions; at most ${most.dimensions} can be defined`);
  const taken = entries.filter(([key]) => names.take(key, below(report, key)));
  const found = await Promise.all(
    taken.map(([key, definition]) => readDimension(key, definition, base, below(report, key))),
  );
  return found.filter((definition) => definition !== undefined);
}

async function readDimension(
  key: string,
  written: unknown,
  base: Base,
  report: Report,
): Promise<OwnDimensionDefinition | undefined> {
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
  const otherwise =
    written.otherwise === undefined
      ? undefined
      : readText(written.otherwise, below(report, 'otherwise'), 'name a value, or leave it out');
  const named = { key, description: description ?? '', otherwise };
  const definition = await readWay(way, key, written, base, report);
  return description === undefined || definition === undefined ? undefined : { ...named, ...definition };
}

type Way = OwnDimensionDefinition extends infer Each
  ? Each extends OwnDimensionDefinition
    ? Omit<Each, 'key' | 'description' | 'otherwise'>
    : never
  : never;

async function readWay(
  way: (typeof ways)[number],
  key: string,
  written: Written,
  { file, aliases }: Base,
  report: Report,
): Promise<Way | undefined> {
  if (way === 'rules') return readRules(written.rules, below(report, 'rules'));
  const of = readOf(written.of, below(report, 'of'));
  if (way === 'pattern') {
    const pattern = readPattern(written.pattern, below(report, 'pattern'));
    if (of === undefined || pattern === undefined) return undefined;
    const group = readGroup(key, written.group, pattern.groups, report);
    return group === undefined ? undefined : { kind: 'pattern', of, pattern: pattern.source, group };
  }
  const lookup = readLookup(written.lookup, below(report, 'lookup'));
  if (of === undefined || lookup === undefined) return undefined;
  const names = aliasesOf(of, { aliases });
  const keyOf = (text: string): string => {
    const stored = storedForm(formOf(of), text);
    return names?.get(stored) ?? stored;
  };
  const values = await readLookupFile(lookup, file, keyOf, below(report, 'lookup'));
  return values && { kind: 'lookup', of, values };
}

function readRules(written: unknown, report: Report): Way | undefined {
  if (!Array.isArray(written) || written.length === 0) {
    report([], 'expected a list of rules, each with value and when');
    return undefined;
  }
  if (written.length > most.rules) {
    report([], `has ${written.length} rules; at most ${most.rules} can be given`);
    return undefined;
  }
  const rules = written.map((rule: unknown, index) => {
    const ofRule = below(report, index);
    if (!isObject(rule)) {
      ofRule([], 'expected value and when');
      return undefined;
    }
    for (const name of Object.keys(rule))
      if (name !== 'value' && name !== 'when') ofRule([name], noSuch('key', name, ['value', 'when']));
    const value = readText(rule.value, below(ofRule, 'value'), 'name the value that the rule gives');
    const when = readCondition(rule.when, 'records', below(ofRule, 'when'));
    return value === undefined || when === undefined ? undefined : { value, when };
  });
  const whole = rules.filter((rule) => rule !== undefined);
  if (whole.length < rules.length) return undefined;
  const reads = [...new Set(whole.flatMap(({ when }) => fieldsIn(when)))];
  return { kind: 'rules', rules: whole, reads };
}

function readOf(written: unknown, report: Report): LabelName | undefined {
  const known = typeof written === 'string' ? labelOf.get(written) : undefined;
  if (known !== undefined) return known;
  const names = [...labelOf.keys()];
  if (typeof written === 'string') report([], noSuch('dimension', written, names));
  else report([], `is missing; expected one of ${names.join(', ')}`);
  return undefined;
}

/** The group that `group` names; without it, the one that is named as the dimension. */
function readGroup(
  key: string,
  written: unknown,
  groups: ReadonlyMap<string, number>,
  report: Report,
): number | undefined {
  const name = written === undefined ? key : String(written);
  const number = groups.get(name);
  if (number !== undefined) return number;
  if (groups.size === 0) report(['pattern'], `has no named group, such as (?<${key}>[a-z]+)`);
  else if (written === undefined)
    report(['pattern'], `has no group ${key}; name one of ${[...groups.keys()].join(', ')} as group`);
  else report(['group'], noSuch('group', name, [...groups.keys()]));
  return undefined;
}

function readLookup(written: unknown, report: Report): Lookup | undefined {
  const parts = ['file', 'key', 'value'] as const;
  if (!isObject(written)) {
    report([], 'expected file, key and value: a CSV file and two of its columns');
    return undefined;
  }
  for (const name of Object.keys(written))
    if (!parts.some((part) => part === name)) report([name], noSuch('key', name, parts));
  const [file, key, value] = parts.map((part) =>
    readText(written[part], below(report, part), part === 'file' ? 'name a CSV file' : 'name a column'),
  );
  return file === undefined || key === undefined || value === undefined ? undefined : { file, key, value };
}
