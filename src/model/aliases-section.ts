import { type Aliases, type UtmColumn, utmColumns } from '../aliases/aliases.ts';
import { isObject } from '../formats/json/parse.ts';
import { noSuch } from '../nearest.ts';
import { createMissingTextTest } from '../records/missing-values.ts';
import { isTemplate, maxTextLength, normaliseLabel, unknown } from '../records/text.ts';
import type { Report } from './report.ts';

const isMissing = createMissingTextTest();

/** Reads the section `aliases`: values of each UTM dimension that count as another one. What is wrong is reported and left out. */
export function readAliases(written: unknown, report: Report): Aliases {
  if (written === undefined || written === null) return {};
  if (!isObject(written)) {
    report([], 'expected UTM dimensions, such as utm_source, with names below each');
    return {};
  }
  return Object.fromEntries(
    Object.entries(written).flatMap(([key, names]) => {
      const column = utmColumns.find((known) => known === key);
      if (column === undefined) report([key], noSuch('dimension', key, utmColumns));
      const aliases = column === undefined ? undefined : readDimension(column, names, report);
      return aliases === undefined || aliases.size === 0 ? [] : [[column, aliases]];
    }),
  );
}

/** Aliases of one dimension, by name. */
function readDimension(column: UtmColumn, written: unknown, report: Report): Map<string, string> | undefined {
  if (!isObject(written)) {
    report([column], 'expected names, each with a list of aliases, such as facebook: [fb, facebook.com]');
    return undefined;
  }
  const names = new Map<string, string>();
  const lists: { readonly key: string; readonly name: string; readonly list: unknown }[] = [];
  for (const [key, list] of Object.entries(written)) {
    const name = readValue(key, (text) => report([column, key], text));
    if (name === undefined) continue;
    const other = names.get(name);
    if (other === undefined) lists.push({ key, name, list });
    else report([column, key], `is the same name as ${other}`);
    names.set(name, key);
  }
  const aliases = new Map<string, string>();
  for (const { key, name, list } of lists) {
    if (!Array.isArray(list) || list.length === 0) {
      report(
        [column, key],
        Array.isArray(list) ? 'has no alias' : 'expected a list of aliases, such as [fb, facebook.com]',
      );
      continue;
    }
    for (const [index, item] of list.entries()) {
      const tell = (text: string): void => report([column, key, index], text);
      const alias = readValue(item, tell);
      if (alias === undefined) continue;
      const other = aliases.get(alias);
      if (alias === name) tell('is the name itself');
      else if (other === name) tell(`is listed twice under ${key}`);
      else if (other !== undefined) tell(`is an alias of ${names.get(other)}, too`);
      else if (names.has(alias)) tell(`is a name with aliases of its own; list these under ${key}`);
      else aliases.set(alias, name);
    }
  }
  return aliases;
}

/** A value as it is stored; undefined where it cannot be. */
function readValue(written: unknown, tell: (text: string) => void): string | undefined {
  if (typeof written !== 'string') {
    tell('expected a text; put it in quotes');
    return undefined;
  }
  const value = normaliseLabel(written);
  if (value === unknown || isMissing(value) || isTemplate(value))
    tell('stands for a missing value, which counts as no other');
  else if (value.length > maxTextLength) tell(`is longer than ${maxTextLength} characters`);
  else return value;
  return undefined;
}
