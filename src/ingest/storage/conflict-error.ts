import { UtmqlError } from '../../errors.ts';
import { isObject } from '../../formats/json/parse.ts';
import { type AdFigure, adFigures } from '../../records/ad-performance.ts';
import { breakdownLimits } from '../../records/breakdowns.ts';
import { type Day, formatDay } from '../../records/day.ts';
import { pushSource } from '../../records/names.ts';

/** An ads row as it was staged, as far as it can tell why others have its key. */
export interface ConflictingRow extends Readonly<Record<AdFigure, number>> {
  readonly day: Day;
  readonly campaign_id: string;
  /** JSON of the fields that are not of the contract; empty where there are none. */
  readonly extra: string;
}

/**
 * A feed is finer than its key: storing one of the rows would lose the spend of the others.
 *
 * @param rows one key’s, as far as they say something else
 */
export function conflictError(source: string, count: number, rows: readonly ConflictingRow[]) {
  const [first] = rows;
  const isPushed = source === pushSource;
  const where =
    first === undefined ? '' : `, such as those of campaign ${first.campaign_id} on ${formatDay(first.day)}`;
  const columns = differing(rows.map(extraColumnsOf));
  const figures = differing(rows.map(figuresOf));
  const names = [...columns, ...figures];
  const differ = names.length === 0 ? '' : `; they differ in ${names.join(', ')}`;
  const what = isPushed ? 'The push' : `The feed of source ${source}`;
  const how = isPushed ? '`?duplicates=` or in its mapping' : '`duplicates`';
  return new UtmqlError(
    isPushed ? 'BAD_USER_INPUT' : 'SOURCE_MALFORMED',
    `${what} has ${count} rows with the key of another row that say something else${where}${differ}. Say with ${how} what they mean: sum adds them up (a report by hour, device or country), last takes the last of them. ${apart(columns)}${isPushed ? ' Nothing was stored.' : ''}`,
  );
}

/** Columns that no setting reads yet can tell the rows apart. */
function apart(columns: readonly string[]): string {
  if (columns.length === 0)
    return 'Or keep them apart by a column of the report, as one of its `breakdowns`.';
  const places = columns
    .slice(0, breakdownLimits.names)
    .map(
      (column) =>
        `${breakdownNameOf(column)}: ${/^[\w. -]+$/.test(column) ? column : JSON.stringify(column)}`,
    );
  return `Or keep them apart, as rows of their own: \`breakdowns: { ${places.join(', ')} }\`.`;
}

/** `Device type` → `device_type`, `geo.country` → `country`. */
const breakdownNameOf = (column: string): string =>
  column
    .replace(/^.*\./, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^[^a-z]+|_+$/g, '')
    .slice(0, breakdownLimits.nameLength) || 'name';

/** Columns by their paths. */
const extraColumnsOf = ({ extra }: ConflictingRow): ReadonlyMap<string, unknown> =>
  new Map(extra === '' ? [] : flat(JSON.parse(extra) as object, ''));

const flat = (value: object, prefix: string): [string, unknown][] =>
  Object.entries(value).flatMap(([name, member]: [string, unknown]): [string, unknown][] =>
    isObject(member) ? flat(member, `${prefix}${name}.`) : [[prefix + name, member]],
  );

const figuresOf = (row: ConflictingRow): ReadonlyMap<string, unknown> =>
  new Map(adFigures.map((figure) => [figure, row[figure]]));

/** Names under which some rows have something else than the first. */
const differing = ([first = new Map(), ...others]: readonly ReadonlyMap<string, unknown>[]): string[] =>
  [...new Set([first, ...others].flatMap((row) => [...row.keys()]))].filter((name) =>
    others.some((other) => JSON.stringify(other.get(name)) !== JSON.stringify(first.get(name))),
  );
