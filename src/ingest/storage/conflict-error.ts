import { UtmqlError } from '../../errors.ts';
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
  const names =
    first !== undefined && second !== undefined ? differing(fieldsOf(first), fieldsOf(second)) : [];
  const differ = names.length === 0 ? '' : `; they differ in ${names.join(', ')}`;
  const what = isPushed ? 'The push' : `The feed of source ${source}`;
  const how = isPushed ? '`?duplicates=` or in its mapping' : '`duplicates`';
  return new UtmqlError(
    isPushed ? 'BAD_USER_INPUT' : 'SOURCE_MALFORMED',
    `${what} has ${count} rows with the key of another row that say something else${where}${differ}. Say with ${how} what they mean: sum adds them up (a report by hour, device or country), last takes the last of them.${isPushed ? ' Nothing was stored.' : ''}`,
  );
}

const fieldsOf = ({ clicks, impressions, cost, extra }: ConflictingRow): ReadonlyMap<string, unknown> =>
  new Map<string, unknown>([
    ...(extra === '' ? [] : Object.entries(JSON.parse(extra) as Record<string, unknown>)),
    ...Object.entries({ clicks, impressions, cost }),
  ]);

const differing = (one: ReadonlyMap<string, unknown>, other: ReadonlyMap<string, unknown>): string[] =>
  [...new Set([...one.keys(), ...other.keys()])].filter(
    (name) => JSON.stringify(one.get(name)) !== JSON.stringify(other.get(name)),
  );
