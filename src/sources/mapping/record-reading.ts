import type { CsvHeaderOptions } from '../../formats/csv/header.ts';
import { adFigures } from '../../records/ad-performance.ts';
import { contractOf, knownFields, type RecordKind } from '../../records/contract.ts';
import type { OpportunityRules } from '../../records/opportunity.ts';
import { stageKey } from '../../records/stage.ts';
import { elementPathOf } from './element-path.ts';
import { createLookup } from './lookup.ts';
import type { RequiredColumns } from './missing-columns.ts';
import { withReading } from './reading-settings.ts';
import { createRecordMapper, type FieldPath, type PlatformRecords } from './record-mapper.ts';
import type { RecordSettings } from './record-settings.ts';
import { createStrayRowTest } from './row-filter.ts';
import { createSpread } from './spread.ts';

/** How the elements of a body are found and mapped to records. */
export interface RecordReading {
  /** How values are written. */
  readonly rules: OpportunityRules;
  /** Layout of CSV. */
  readonly csv: CsvHeaderOptions;
  /** Maps an element to the field names of the contract; undefined if elements have them already. */
  readonly map: ((element: unknown) => unknown) | undefined;
  /** Splits an element that covers several days into one record a day. */
  readonly spread: ((element: unknown, record: unknown) => readonly unknown[]) | undefined;
  /** Reads look-up files that have changed. Await it before mapping. */
  load(): Promise<void>;
}

/**
 * @param parts.owner name of the source or mapping, for errors
 * @param parts.folder base folder of look-up files
 * @param parts.defaults rules that the settings override
 */
export function createRecordReading(
  settings: RecordSettings,
  parts: {
    readonly kind: RecordKind;
    readonly adapter: PlatformRecords;
    readonly owner: string;
    readonly folder: string;
    readonly defaults: OpportunityRules;
  },
): RecordReading {
  const { kind, adapter, owner, folder } = parts;
  const rules = rulesOf(settings, adapter, kind, parts.defaults);
  const lookups = settings.lookups.map((lookup) => createLookup(lookup, { owner, folder }));
  const { spread } = settings;
  return {
    rules,
    csv: csvOf(settings, kind),
    map: createRecordMapper(adapter, kind, rules, {
      fields: settings.fields,
      breakdowns: settings.breakdowns,
      extraMeasures: settings.extra_measures,
      map: settings.map,
      where: settings.where,
      deletedWhen: settings.deleted_when,
      lookups,
      landingUrlField: settings.landing_url_field,
      conversionEvent: settings.conversion_event,
      defaults: defaultsOf(settings, adapter, kind),
    }),
    spread:
      spread && createSpread({ start: elementPathOf(spread.start), end: elementPathOf(spread.end) }, rules),
    async load() {
      await Promise.all(lookups.map((lookup) => lookup.load()));
    },
  };
}

/**
 * Returns the columns that some record must have: for ads always the cost, and the figures, extra measures and breakdowns that the
 * settings map.
 *
 * @param omitsZeros the platform omits figures that are 0, so a missing figure is no error
 */
export function requiredColumns(
  {
    fields,
    breakdowns,
    extra_measures: extraMeasures,
  }: Pick<RecordSettings, 'fields' | 'breakdowns' | 'extra_measures'>,
  kind: RecordKind,
  omitsZeros = false,
): RequiredColumns {
  if (kind !== 'ad_performance') return { figures: [], breakdowns: [] };
  const mapped = [
    ...adFigures.filter((name) => name !== 'cost' && Object.hasOwn(fields, name)),
    ...Object.keys(extraMeasures).map((name) => `extra_measures.${name}`),
  ];
  return { figures: omitsZeros ? [] : ['cost', ...mapped], breakdowns: Object.keys(breakdowns) };
}

/**
 * A header must not repeat columns that are read, and must have those that the settings name: a renamed column would be stored
 * as missing values.
 */
function csvOf(settings: RecordSettings, kind: RecordKind): CsvHeaderOptions {
  const { delimiter, skip_rows: skipRows, fields, landing_url_field: landing, spread } = settings;
  const { breakdowns, extra_measures: extraMeasures } = settings;
  const conditions = [...settings.where, ...(settings.deleted_when ?? [])];
  const chosen = [fields, breakdowns, extraMeasures]
    .flatMap(Object.values<FieldPath>)
    .flatMap((place) => ('separator' in place ? place.concat : [place]));
  const paths = [...chosen, ...(landing ? [landing] : []), ...(spread ? [spread.start, spread.end] : [])];
  const places = [...paths.map(elementPathOf), ...conditions.map(({ place }) => place)];
  const own = [...knownFields(kind)].filter((name) => fields[name] === undefined);
  return {
    delimiter,
    skipRows,
    isStray: settings.where.length === 0 ? undefined : createStrayRowTest(settings.where),
    columns: {
      read: new Set([...own, ...places.flatMap(({ column, head }) => [column, head])]),
      required: places.flatMap(({ path, head }) => (path.length === 1 ? [head] : [])),
    },
  };
}

function rulesOf(
  settings: RecordSettings,
  adapter: Pick<PlatformRecords, 'record' | 'stages' | 'dateFormats'>,
  kind: RecordKind,
  defaults: OpportunityRules,
): OpportunityRules {
  const { record, dateFormats } = adapter;
  const stages = Object.entries(settings.stages).map(([stage, meaning]) => [stageKey(stage), meaning]);
  return {
    // A platform's responses have a decimal point in every locale: `1.337` is not ambiguous there.
    ...withReading(
      { ...defaults, ...(record && { notation: { decimal: '.' } }), ...(dateFormats && { dateFormats }) },
      settings,
      kind,
    ),
    stages: { ...adapter.stages, ...defaults.stages, ...Object.fromEntries(stages) },
  };
}

function defaultsOf(
  settings: RecordSettings,
  adapter: Pick<PlatformRecords, 'channel'>,
  kind: RecordKind,
): Readonly<Record<string, string>> {
  const channel = settings.channel ?? settings.defaults.channel ?? adapter.channel;
  return {
    ...settings.defaults,
    ...(channel !== undefined && contractOf(kind).push.parameters.includes('channel') ? { channel } : {}),
  };
}
