import { z } from 'zod';
import type { Queries } from '../admission/admission.ts';
import type { Sql } from '../clickhouse/sql.ts';
import type { Store, StoreAnswer } from '../clickhouse/store.ts';
import {
  keyColumn,
  type ListKey,
  listCountStatement,
  listStatement,
  type OrderedList,
} from './ordered-list.ts';

/** Some rows of a list, each with where it stands. */
interface ListRows<Row> {
  readonly rows: readonly { readonly row: Row; readonly key: ListKey }[];
  /** Rows of the whole list. */
  count(): Promise<number>;
}

/** Reads for one operation: they wait for their turns, and end with it. */
export interface Reader {
  /** All rows, up to what the store lets one query return. */
  rows<Row>(row: z.ZodType<Row>, statement: Sql): Promise<readonly Row[]>;
  /** Up to `limit` rows of a list behind `after`, or its first ones. */
  list<Row>(list: OrderedList<Row>, after: ListKey | undefined, limit: number): Promise<ListRows<Row>>;
}

export function createReader(options: { store: Store; queries: Queries }): Reader {
  const { store, queries } = options;
  const read = (statement: Sql) => queries.run((call) => store.read(statement, call));
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
