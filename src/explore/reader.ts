import type { z } from 'zod';
import type { Queries } from '../admission/admission.ts';
import { bind, type Sql, sql } from '../clickhouse/sql.ts';
import type { Store, StoreAnswer } from '../clickhouse/store.ts';

/** Which rows of an ordered result: `limit` of them after the first `offset`. */
export interface PageRequest {
  readonly offset: number;
  readonly limit: number;
}

export interface Page<Row> {
  readonly nodes: readonly Row[];
  /** Rows of all pages. */
  readonly totalCount: number;
  readonly hasNextPage: boolean;
}

/** Reads for one operation: they wait for their turns, and end with it. */
export interface Reader {
  /** All rows, up to what the store lets one query return. */
  rows<Row>(row: z.ZodType<Row>, statement: Sql): Promise<readonly Row[]>;
  /** One page of a statement that has a complete order and no LIMIT. */
  page<Row>(row: z.ZodType<Row>, statement: Sql, page: PageRequest): Promise<Page<Row>>;
}

export function createReader(options: { store: Store; queries: Queries }): Reader {
  const { store, queries } = options;
  const read = (statement: Sql) => queries.run((call) => store.read(statement, call));
  return {
    rows: async (row, statement) => parseRows(row, await read(statement)),
    async page(row, statement, { offset, limit }) {
      // One more than the page holds tells whether there is another.
      const answer = await read(
        sql`${statement} LIMIT ${bind('UInt64', limit + 1)} OFFSET ${bind('UInt64', offset)}`,
      );
      return {
        nodes: parseRows(row, answer).slice(0, limit),
        totalCount: answer.rowsBeforeLimit,
        hasNextPage: answer.rows.length > limit,
      };
    },
  };
}

const parseRows = <Row>(row: z.ZodType<Row>, { columns, rows }: StoreAnswer): Row[] =>
  rows.map((values) => row.parse(Object.fromEntries(columns.map((name, index) => [name, values[index]]))));
