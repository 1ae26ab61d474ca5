import { z } from 'zod';
import type { Sql } from '../clickhouse/sql.ts';
import type { Store, StoreAnswer } from '../clickhouse/store.ts';
import {
  keyColumn,
  type ListKey,
  listCountStatement,
  listStatement,
  type OrderedList,
} from './ordered-list.ts';

/** A page of a list. */
interface ListRows<Row> {
  readonly rows: readonly { readonly row: Row; readonly key: ListKey }[];
  /** Returns the number of rows of the whole list. */
  count(): Promise<number>;
}

/** Reads rows for the explore fields of one request. */
export interface Reader {
  /** Returns all rows, up to the most that the store returns for one query. */
  rows<Row>(row: z.ZodType<Row>, statement: Sql): Promise<readonly Row[]>;
  /** Returns up to `limit` rows of a list after `after`, or its first rows. */
  list<Row>(list: OrderedList<Row>, after: ListKey | undefined, limit: number): Promise<ListRows<Row>>;
}

export function createReader(store: Pick<Store, 'read'>): Reader {
  // They read the records themselves, of ranges of any length.
  const read = (statement: Sql): Promise<StoreAnswer> => store.read(statement, { weight: 'heavy' });
  return {
    rows: async (row, statement) => parseRows(row, await read(statement)),
    async list(list, after, limit) {
      const answer = await read(listStatement(list, after, limit));
      const keyAt = answer.columns.indexOf(keyColumn);
      return {
        rows: parseRows(list.row, answer).map((row, index) => ({
          row,
          key: keyShape.parse(answer.rows[index]?.[keyAt]),
        })),
        count: async () => {
          if (after === undefined) return answer.rowsBeforeLimit;
          const [counted] = parseRows(countRow, await read(listCountStatement(list)));
          return counted?.count ?? 0;
        },
      };
    },
  };
}

const parseRows = <Row>(row: z.ZodType<Row>, { columns, rows }: StoreAnswer): Row[] =>
  rows.map((values) => row.parse(Object.fromEntries(columns.map((name, index) => [name, values[index]]))));

const keyShape = z.array(z.string());
const countRow = z.object({ count: z.number() });
