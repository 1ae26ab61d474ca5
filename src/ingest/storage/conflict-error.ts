import { UtmqlError } from '../../errors.ts';
import { breakdownLimits } from '../../records/breakdowns.ts';
import { type Day, formatDay } from '../../records/day.ts';
import { pushSource } from '../runs/run.ts';

/** An ads row as it was staged, as far as it can tell why others have its key. */
export interface ConflictingRow {
  readonly day: Day;
  readonly campaign_id: string;
  readonly clicks: number;
  readonly impressions: number;
  readonly cost: number;
  /** JSON of the fields that are not of the contract; empty where there are none. */
  readonly extra: string;
}

/** A feed is finer than its key: storing one of the rows would lose the spend of the others. */
export function conflictError(source: string, count: number, [first, second]: readonly ConflictingRow[]) {
  const isPushed = source === pushSource;
  const where =
    first === undefined ? '' : `, such as those of campaign ${first.campaign_id} on ${formatDay(first.day)}`;
  const pair = first !== undefined && second !== undefined ? ([first, second] as const) : undefined;
  const columns = pair === undefined ? [] : differing(columnsOf(pair[0]), columnsOf(pair[1]));
  const figures = pair === undefined ? [] : differing(figuresOf(pair[0]), figuresOf(pair[1]));
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
      (column) => `${breakdownNameOf(column)}: ${/^[\w -]+$/.test(column) ? column : JSON.stringify(column)}`,
    );
  return `Or keep them apart, as rows of their own: \`breakdowns: { ${places.join(', ')} }\`.`;
}

/** `Device type` → `device_type`. */
const breakdownNameOf = (column: string): string =>
  column
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^[^a-z]+|_+$/g, '')
    .slice(0, breakdownLimits.nameLength) || 'name';

const columnsOf = ({ extra }: ConflictingRow): ReadonlyMap<string, unknown> =>
  new Map(extra === '' ? [] : Object.entries(JSON.parse(extra) as Record<string, unknown>));

const figuresOf = ({ clicks, impressions, cost }: ConflictingRow): ReadonlyMap<string, unknown> =>
  new Map(Object.entries({ clicks, impressions, cost }));

const differing = (one: ReadonlyMap<string, unknown>, other: ReadonlyMap<string, unknown>): string[] =>
  [...new Set([...one.keys(), ...other.keys()])].filter(
    (name) => JSON.stringify(one.get(name)) !== JSON.stringify(other.get(name)),
  );
