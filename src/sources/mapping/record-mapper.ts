import { leftOut } from '../../formats/feed/left-out.ts';
import { isObject, type Raw } from '../../formats/json/parse.ts';
import { knownFields, type RecordKind } from '../../records/contract.ts';
import type { FieldRules } from '../../records/field-rules.ts';
import { createGapTest } from '../../records/gaps.ts';
import type { StageTable } from '../../records/stage.ts';
import { candidateKeys, type ElementPath, elementPathOf, valueAt } from './element-path.ts';
import { utmsOfUrl } from './landing-url.ts';
import type { Lookup } from './lookup.ts';
import { createRowFilter, type RowCondition } from './row-filter.ts';

/** Where a field is taken from: one place, or several whose values are joined. */
export type FieldPath =
  | readonly string[]
  | { readonly concat: readonly (readonly string[])[]; readonly separator: string };

/** What the sources file says of a source's fields. */
export interface MappingSettings {
  /** Field of the contract → where it is in an element. */
  readonly fields: Readonly<Record<string, FieldPath>>;
  /** Breakdown → where its value is in an element. */
  readonly breakdowns: Readonly<Record<string, FieldPath>>;
  /** Field of the contract, or breakdown → what its values become. */
  readonly map: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly where: readonly RowCondition[];
  /** Elements that meet these are records that the CRM has deleted; undefined: those that say so themselves. */
  readonly deletedWhen: readonly RowCondition[] | undefined;
  readonly lookups: readonly Lookup[];
  readonly landingUrlField: readonly string[] | undefined;
  /** Values of fields that a record lacks. */
  readonly defaults: Readonly<Record<string, string>>;
}

/** What a platform's elements say, in the field names of the record contract. */
export interface PlatformRecords {
  /** One element as a raw record. Default: as it is. An element that is no object does not get here. */
  readonly record?: (element: Raw) => Raw;
  /** Channel of records that name none. */
  readonly channel?: string;
  /** The platform's own stage names. */
  readonly stages?: StageTable;
}

/**
 * What turns an element of a page into a raw record: the adapter's mapping, then the source's own fields over it, their values
 * mapped and looked up, then UTMs of the landing page and defaults where there is nothing yet, then whether it is deleted. Undefined where elements are
 * records already. Values that are no objects stay as they are, for the normaliser to reject; an element that `where` leaves
 * out becomes `leftOut`.
 */
export function createRecordMapper(
  adapter: Pick<PlatformRecords, 'record'>,
  kind: RecordKind,
  rules: Pick<FieldRules, 'missing'>,
  { fields, breakdowns, map, where, deletedWhen, lookups, landingUrlField, defaults }: MappingSettings,
): ((element: unknown) => unknown) | undefined {
  const chosen = Object.entries(fields).map(([name, place]) => fieldSelectorOf(name, place));
  const dimensions = Object.entries(breakdowns).map(([name, place]) => fieldSelectorOf(name, place));
  const moved = [...chosen, ...dimensions];
  const adapted = adapter.record ?? (moved.length > 0 ? withoutMovedFields(moved, kind) : undefined);
  const landingUrl = landingUrlField && elementPathOf(landingUrlField);
  const standard = Object.entries(defaults);
  const known = knownFields(kind);
  const maps = new Map(Object.entries(map).map(([name, values]) => [name, lowerKeys(values)]));
  const fieldMaps = [...maps].filter(([name]) => known.has(name));
  const isWanted = createRowFilter(where);
  const isDeleted = deletedWhen && createRowFilter(deletedWhen);
  const isGap = createGapTest(rules.missing);
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
    const record: Record<string, unknown> = { ...(adapted?.(element) ?? element) };
    for (const { name, valueIn } of chosen) record[name] = valueIn(element);
    for (const [name, values] of fieldMaps) record[name] = mapped(record[name], values);
    if (dimensions.length > 0) {
      const own = isObject(record.breakdowns) ? record.breakdowns : {};
      const values = dimensions.map(({ name, valueIn }) => [name, mapped(valueIn(element), maps.get(name))]);
      record.breakdowns = { ...own, ...Object.fromEntries(values) };
    }
    for (const lookup of lookups) lookup.apply(record);
    if (landingUrl !== undefined) supply(record, Object.entries(utmsOfUrl(valueAt(element, landingUrl))));
    supply(record, standard);
    if (isDeleted?.(element)) record.is_deleted = true;
    return record;
  };
}

/** What a value becomes; itself where nothing is said of it. */
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
  valueIn(element: Raw): unknown;
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
    // A part that is missing keeps its place: otherwise two keys could become one.
    valueIn(element) {
      const parts = places.map((part) => valueAt(element, part) ?? '');
      return parts.every((part) => part === '') ? undefined : parts.map(String).join(place.separator);
    },
  };
}

const isPath = (place: FieldPath): place is readonly string[] => Array.isArray(place);

/**
 * Elements with fields under other names: what is moved goes, all others stay, so that nothing is lost. What is also a field of
 * the contract stays that, too.
 */
function withoutMovedFields(chosen: readonly FieldSelector[], kind: RecordKind): (element: Raw) => Raw {
  const known = knownFields(kind);
  const moved = new Set(
    chosen.flatMap(({ places }) => places.flatMap(candidateKeys)).filter((name) => !known.has(name)),
  );
  // `fromEntries` defines members: a name such as `__proto__` stays one.
  return (element) => Object.fromEntries(Object.entries(element).filter(([name]) => !moved.has(name)));
}
