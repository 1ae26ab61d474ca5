import { z } from 'zod';
import { bind, empty, join, type Sql, sql } from '../clickhouse/sql.ts';

/** Types of values by which a list can be ordered. */
export type KeyType = 'String' | 'Date' | 'UInt64' | 'Int64' | 'Decimal(38, 6)';

/** One value by which a list is ordered. */
interface OrderPart {
  /** An expression on columns of the list. */
  readonly by: Sql;
  readonly type: KeyType;
  readonly direction: 'asc' | 'desc';
}

/** The position of a row in a list: its value of each part of the order, as text. */
export type ListKey = readonly string[];

/** A list that can be read page by page. */
export interface OrderedList<Row> {
  readonly row: z.ZodType<Row>;
  /** Selects all rows, in any order. */
  readonly select: Sql;
  /** A complete order: no two rows have the same key. */
  readonly order: readonly OrderPart[];
}

/** The column with the key of each row. */
export const keyColumn = 'list_key';

/** Selects up to `limit` rows after `after`, in order, each with its key. */
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

/** A condition for rows after the key: greater in the first part, or equal in it and greater in the next. */
function isAfterKey([part, ...others]: readonly OrderPart[], [value = '', ...values]: ListKey): Sql {
  if (part === undefined) return sql`0`;
  const { by, type, direction } = part;
  const bound = bind(type, value);
  const isBehind = direction === 'asc' ? sql`${by} > ${bound}` : sql`${by} < ${bound}`;
  return others.length === 0
    ? isBehind
    : sql`(${isBehind} OR (${by} = ${bound} AND ${isAfterKey(others, values)}))`;
}

/** The texts that ClickHouse can read as a value of the type. */
const partShapes: Readonly<Record<KeyType, z.ZodType<string>>> = {
  String: z.string(),
  Date: z.iso.date().refine((date) => date >= '1970-01-01' && date < '2149-06-06'),
  UInt64: z.string().refine((digits) => /^\d{1,20}$/.test(digits) && BigInt(digits) < 2n ** 64n),
  Int64: z.string().regex(/^-?\d{1,18}$/),
  'Decimal(38, 6)': z.string().regex(/^-?\d{1,30}(\.\d{1,6})?$/),
};

/** Returns the valid form of a list's keys, to check keys from requests. */
export const keyShapeOf = ({ order }: OrderedList<unknown>): z.ZodType<ListKey> =>
  z
    .array(z.string())
    .refine(
      (key) =>
        key.length === order.length &&
        order.every(({ type }, index) => partShapes[type].safeParse(key[index]).success),
    );
