import { z } from 'zod';
import { bind, empty, join, type Sql, sql } from '../clickhouse/sql.ts';

/** Types of the values that lists are ordered by. */
type KeyType = 'String' | 'Date' | 'UInt64' | 'Int64' | 'Decimal(38, 6)';

/** One of the things that a list is ordered by. */
interface OrderPart {
  /** Of columns of the list. */
  readonly by: Sql;
  readonly type: KeyType;
  readonly direction: 'asc' | 'desc';
}

/** Where in a list a row stands: its value of each part of the order, as text. */
export type ListKey = readonly string[];

/** A list that is read page by page. */
export interface OrderedList<Row> {
  readonly row: z.ZodType<Row>;
  /** All of its rows, in any order. */
  readonly select: Sql;
  /** Complete: no two rows are equal in all parts. */
  readonly order: readonly OrderPart[];
}

/** The column that has each row's key. */
export const keyColumn = 'list_key';

/** Up to `limit` rows behind `after`, in order, each with its key. */
export function listStatement(
  { select, order }: OrderedList<unknown>,
  after: ListKey | undefined,
  limit: number,
): Sql {
  const key = join(
    order.map(({ by }) => sql`toString(${by})`),
    ', ',
  );
  const parts = order.map(({ by, direction }) => (direction === 'asc' ? sql`${by} ASC` : sql`${by} DESC`));
  const condition = after === undefined ? empty : sql` WHERE ${isAfterKey(order, after)}`;
  return sql`SELECT *, [${key}] AS list_key FROM (${select})${condition} ORDER BY ${join(parts, ', ')} LIMIT ${bind('UInt64', limit)}`;
}

export const listCountStatement = ({ select }: OrderedList<unknown>): Sql =>
  sql`SELECT count() AS count FROM (${select})`;

/** In the first part behind the key, or equal in it and behind in the next. */
function isAfterKey([part, ...others]: readonly OrderPart[], [value = '', ...values]: ListKey): Sql {
  if (part === undefined) return sql`0`;
  const { by, type, direction } = part;
  const bound = bind(type, value);
  const isBehind = direction === 'asc' ? sql`${by} > ${bound}` : sql`${by} < ${bound}`;
  return others.length === 0
    ? isBehind
    : sql`(${isBehind} OR (${by} = ${bound} AND ${isAfterKey(others, values)}))`;
}

/** What ClickHouse can read as a value of the type. */
const partShapes: Readonly<Record<KeyType, z.ZodType<string>>> = {
  String: z.string(),
  Date: z.iso.date().refine((date) => date >= '1970-01-01' && date < '2149-06-06'),
  UInt64: z.string().refine((digits) => /^\d{1,20}$/.test(digits) && BigInt(digits) < 2n ** 64n),
  Int64: z.string().regex(/^-?\d{1,18}$/),
  'Decimal(38, 6)': z.string().regex(/^-?\d{1,30}(\.\d{1,6})?$/),
};

/** What a key of a list is, for keys that come from outside. */
export const keyShapeOf = ({ order }: OrderedList<unknown>): z.ZodType<ListKey> =>
  z
    .array(z.string())
    .refine(
      (key) =>
        key.length === order.length &&
        order.every(({ type }, index) => partShapes[type].safeParse(key[index]).success),
    );
