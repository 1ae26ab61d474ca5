import { columnName } from '../csv/columns.ts';
import type { Adapter, Raw } from './adapters/adapter.ts';
import { utmsOfUrl } from './landing-url.ts';

/** What the sources file says of a source's fields. */
export interface MappingSettings {
  /** Field of the contract → where it is in an element. */
  readonly fields: Readonly<Record<string, readonly string[]>>;
  readonly landingUrlField: readonly string[] | undefined;
  /** Values of fields that a record lacks. */
  readonly defaults: Readonly<Record<string, string>>;
}

/**
 * What turns an element of a page into a raw record: the adapter's mapping, then the source's own fields over it, then UTMs
 * of the landing page and defaults where there is nothing yet. Undefined where elements are records already. Values that are
 * no objects stay as they are, for the normaliser to reject.
 */
export function createRecordMapper(
  adapter: Adapter,
  { fields, landingUrlField, defaults }: MappingSettings,
): ((element: unknown) => unknown) | undefined {
  const chosen = Object.entries(fields).map(([name, path]) => ({ name, place: placeOf(path) }));
  const adapted = adapter.record ?? (chosen.length > 0 ? without(chosen) : undefined);
  const landingUrl = landingUrlField && placeOf(landingUrlField);
  const standard = Object.entries(defaults);
  if (adapted === undefined && landingUrl === undefined && standard.length === 0) return undefined;

  return (element) => {
    if (!isObject(element)) return element;
    const record: Record<string, unknown> = { ...(adapted?.(element) ?? element) };
    for (const { name, place } of chosen) record[name] = valueAt(element, place);
    if (landingUrl !== undefined) supply(record, Object.entries(utmsOfUrl(valueAt(element, landingUrl))));
    supply(record, standard);
    return record;
  };
}

interface Chosen {
  readonly name: string;
  readonly place: Place;
}

/** Elements with fields under other names: what is moved goes, all others stay, so that nothing is lost. */
function without(chosen: readonly Chosen[]): (element: Raw) => Raw {
  const moved = new Set(chosen.flatMap(({ place: { path, whole, column } }) => [path[0], whole, column]));
  // `fromEntries` defines members: a name such as `__proto__` stays one.
  return (element) => Object.fromEntries(Object.entries(element).filter(([name]) => !moved.has(name)));
}

function supply(record: Record<string, unknown>, values: readonly (readonly [string, unknown])[]): void {
  for (const [name, value] of values) {
    if (isMissing(record[name])) record[name] = value;
  }
}

const isMissing = (value: unknown): boolean =>
  value === undefined || value === null || (typeof value === 'string' && value.trim() === '');

/** Where a value is to be looked for in an element. */
interface Place {
  readonly path: readonly string[];
  /** The path as one name with dots in it. */
  readonly whole: string;
  /** That as the heading of a column of CSV. */
  readonly column: string;
}

const placeOf = (path: readonly string[]): Place => {
  const whole = path.join('.');
  return { path, whole, column: columnName(whole) };
};

/** A name with dots in it goes before the path. */
function valueAt(element: Raw, { path, whole, column }: Place): unknown {
  if (Object.hasOwn(element, whole)) return element[whole];
  if (Object.hasOwn(element, column)) return element[column];
  let value: unknown = element;
  for (const key of path) {
    if (Array.isArray(value)) value = value[Number(key)];
    else if (isObject(value) && Object.hasOwn(value, key)) value = value[key];
    else return undefined;
  }
  return value;
}

export const isObject = (value: unknown): value is Raw =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
