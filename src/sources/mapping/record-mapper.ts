import { leftOut } from '../../formats/feed/left-out.ts';
import { isObject, type JsonObject } from '../../formats/json/parse.ts';
import { knownFields, type RecordKind } from '../../records/contract.ts';
import type { FieldRules } from '../../records/field-rules.ts';
import { createMissingTextTest } from '../../records/missing-values.ts';
import type { StageTable } from '../../records/stage.ts';
import { candidateKeys, type ElementPath, elementPathOf, valueAt } from './element-path.ts';
import { utmsOfUrl } from './landing-url.ts';
import type { Lookup } from './lookup.ts';
import { createRowFilter, type RowCondition } from './row-filter.ts';

/** Path of a field's value, or several paths whose values are joined. */
export type FieldPath =
  | readonly string[]
  | { readonly concat: readonly (readonly string[])[]; readonly separator: string };

/** Mapping of fields in the sources file. */
export interface MappingSettings extends PlatformSettings {
  /** Field of the contract → path in an element. */
  readonly fields: Readonly<Record<string, FieldPath>>;
  /** Breakdown → path in an element. */
  readonly breakdowns: Readonly<Record<string, FieldPath>>;
  /** Extra measure → path in an element. */
  readonly extraMeasures: Readonly<Record<string, FieldPath>>;
  /** Field of the contract, or breakdown → replacements of its values. */
  readonly map: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly where: readonly RowCondition[];
  /** Elements that meet these are deleted CRM records; undefined: the record's own flag decides. */
  readonly deletedWhen: readonly RowCondition[] | undefined;
  readonly lookups: readonly Lookup[];
  readonly landingUrlField: readonly string[] | undefined;
  /** Values for fields that a record lacks. */
  readonly defaults: Readonly<Record<string, string>>;
}

/** What a source's settings say of its platform's elements. */
interface PlatformSettings {
  /** What counts as a conversion; undefined: what the platform's accounts usually count. */
  readonly conversionEvent: string | undefined;
}

/** How a platform's elements map to the record contract. */
export interface PlatformRecords {
  /** Maps one element, always an object, to a raw record. Default: unchanged. */
  readonly record?: (element: JsonObject, settings: PlatformSettings) => JsonObject;
  /** Its elements list several events, of which the settings choose one as conversions. */
  readonly takesConversionEvent?: true;
  /** Channel of records without one. */
  readonly channel?: string;
  /** The platform's own stage names. */
  readonly stages?: StageTable;
  /** Date formats of the platform, in addition to the usual ones. */
  readonly dateFormats?: readonly string[];
}

/**
 * Creates the function that maps an element of a page to a raw record; undefined if elements are records already. In order:
 *
 * 1. the adapter's mapping
 * 2. the source's `fields`, `breakdowns`, `extra_measures`, `map` and look-ups, which override it
 * 3. UTMs of the landing page, then `defaults`, for fields still missing
 * 4. whether the record is deleted
 *
 * Returns anything but an object unchanged, for the normaliser to reject, and `leftOut` for elements that `where` excludes.
 */
export function createRecordMapper(
  adapter: Pick<PlatformRecords, 'record'>,
  kind: RecordKind,
  rules: Pick<FieldRules, 'missing'>,
  settings: MappingSettings,
): ((element: unknown) => unknown) | undefined {
  const { fields, breakdowns, extraMeasures, map, where, deletedWhen, lookups, landingUrlField, defaults } =
    settings;
  const chosen = Object.entries(fields).map(([name, place]) => fieldSelectorOf(name, place));
  const dimensions = Object.entries(breakdowns).map(([name, place]) => fieldSelectorOf(name, place));
  const numbers = Object.entries(extraMeasures).map(([name, place]) => fieldSelectorOf(name, place));
  const moved = [...chosen, ...dimensions, ...numbers];
  const adapted = adapter.record ?? (moved.length > 0 ? withoutMovedFields(moved, kind) : undefined);
  const landingUrl = landingUrlField && elementPathOf(landingUrlField);
  const standard = Object.entries(defaults);
  const known = knownFields(kind);
  const maps = new Map(Object.entries(map).map(([name, values]) => [name, lowerKeys(values)]));
  const fieldMaps = [...maps].filter(([name]) => known.has(name));
  const isWanted = createRowFilter(where);
  const isDeleted = deletedWhen && createRowFilter(deletedWhen);
  const isGap = createMissingTextTest(rules.missing);
  const parts = [moved, standard, fieldMaps, where, lookups];
  const isPlain = [adapted, landingUrl, isDeleted].every((part) => part === undefined);
  if (isPlain && parts.every(({ length }) => length === 0)) return undefined;

  const supply = (record: Record<string, unknown>, values: readonly (readonly [string, unknown])[]): void => {
    for (const [name, value] of values) {
      const known = record[name];
      if (known === undefined || known === null || (typeof known === 'string' && isGap(known))) {
        record[name] = value;
      }
    }
  };

  return (element) => {
    if (!isObject(element)) return element;
    if (!isWanted(element)) return leftOut;
    const record: Record<string, unknown> = { ...(adapted?.(element, settings) ?? element) };
    for (const { name, valueIn } of chosen) record[name] = valueIn(element);
    for (const [name, values] of fieldMaps) record[name] = mapped(record[name], values);
    if (dimensions.length > 0) {
      const own = isObject(record.breakdowns) ? record.breakdowns : {};
      const values = dimensions.map(({ name, valueIn }) => [name, mapped(valueIn(element), maps.get(name))]);
      record.breakdowns = { ...own, ...Object.fromEntries(values) };
    }
    if (numbers.length > 0) {
      const own = isObject(record.extra_measures) ? record.extra_measures : {};
      const values = numbers.map(({ name, valueIn }) => [name, valueIn(element)]);
      record.extra_measures = { ...own, ...Object.fromEntries(values) };
    }
    for (const lookup of lookups) lookup.apply(record);
    if (landingUrl !== undefined) supply(record, Object.entries(utmsOfUrl(valueAt(element, landingUrl))));
    supply(record, standard);
    if (isDeleted?.(element)) record.is_deleted = true;
    return record;
  };
}

/** Returns the replacement of a value, or the value itself. */
const mapped = (value: unknown, values: ReadonlyMap<string, string> | undefined): unknown =>
  values?.get(
    String(value ?? '')
      .trim()
      .toLowerCase(),
  ) ?? value;

const lowerKeys = (values: Readonly<Record<string, string>>): ReadonlyMap<string, string> =>
  new Map(Object.entries(values).map(([from, to]) => [from.trim().toLowerCase(), to]));

interface FieldSelector {
  readonly name: string;
  readonly places: readonly ElementPath[];
  valueIn(element: JsonObject): unknown;
}

function fieldSelectorOf(name: string, place: FieldPath): FieldSelector {
  if (isPath(place)) {
    const only = elementPathOf(place);
    return { name, places: [only], valueIn: (element) => valueAt(element, only) };
  }
  const places = place.concat.map(elementPathOf);
  return {
    name,
    places,
    // A missing part stays as an empty one: otherwise two keys could become equal.
    valueIn(element) {
      const parts = places.map((part) => valueAt(element, part) ?? '');
      return parts.every((part) => part === '') ? undefined : parts.map(String).join(place.separator);
    },
  };
}

const isPath = (place: FieldPath): place is readonly string[] => Array.isArray(place);

/**
 * Removes from an element the members that were mapped to other fields, unless they are fields of the contract themselves. All
 * others stay, so that nothing is lost.
 */
function withoutMovedFields(
  chosen: readonly FieldSelector[],
  kind: RecordKind,
): (element: JsonObject) => JsonObject {
  const known = knownFields(kind);
  const moved = new Set(
    chosen.flatMap(({ places }) => places.flatMap(candidateKeys)).filter((name) => !known.has(name)),
  );
  // `fromEntries` defines members: a name such as `__proto__` stays one.
  return (element) => Object.fromEntries(Object.entries(element).filter(([name]) => !moved.has(name)));
}
