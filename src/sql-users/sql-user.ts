import { z } from 'zod';
import { workspaceName } from '../access/workspaces.ts';
import { heldTable } from '../clickhouse/cluster/translate.ts';
import { baseTables, readColumns } from '../sql-views/view-names.ts';

/** A user of ClickHouse who reads the views of one workspace, and nothing else. */
export interface SqlUser {
  readonly name: string;
  readonly workspace: string;
  /** Hex. */
  readonly passwordSha256: string;
}

/** Names that need no quotes and no escapes, in SQL and in XML. */
const sqlUserName = z
  .string()
  .regex(/^[a-z][a-z0-9_]{0,39}$/, 'is no name of a user: up to 40 of a–z, 0–9 and _, a letter first')
  .refine((name) => name !== 'default', 'is ClickHouse’s own');

export const sqlUserSchema = z.object({
  name: sqlUserName,
  workspace: workspaceName,
  passwordSha256: z.string().regex(/^[0-9a-f]{64}$/),
});

/** Where the users' views are. */
export interface SqlUserPlace {
  /** A plain lower-case name. */
  readonly database: string;
  /** The user as whom the views read the tables: a plain name. */
  readonly definer: string;
  readonly limits: SqlUserLimits;
  /**
   * Servers that trust each other by a secret ask the others as whoever asked them: on a cluster, users also need the tables that each
   * server holds, and see their workspace of them.
   */
  readonly isCluster: boolean;
}

interface SqlUserLimits {
  readonly seconds: number;
  readonly memoryBytes: number;
  readonly rowsToRead: number;
}

/** What an hour of a user may cost: many people can be behind one BI tool. */
const hourly = { queries: 20_000, execution_time: 7_200 } as const;
const mostResultRows = 1_000_000;
const mostQueriesAtATime = 10;

/** A setting of the users' profile. Whoever may not change one has it as it is here. */
export interface ProfileSetting {
  readonly name: string;
  readonly value?: number;
  /** The user may change it, as drivers do, within these bounds. */
  readonly changeable?: { readonly min?: number; readonly max?: number };
}

/**
 * With `readonly`, no setting can be changed but those that are named changeable: how answers look and when a query is given up.
 * Not what filters rows or what errors tell of them, such as `additional_table_filters` and `short_circuit_function_evaluation`.
 */
export function profileSettings({ limits, isCluster }: SqlUserPlace): ProfileSetting[] {
  const { seconds, memoryBytes, rowsToRead } = limits;
  // Servers ask each other with 0, which a lower bound would turn into itself: one row.
  const resultRows = isCluster ? { max: mostResultRows } : { min: 1, max: mostResultRows };
  return [
    { name: 'readonly', value: 1 },
    { name: 'max_memory_usage', value: memoryBytes },
    { name: 'max_rows_to_read', value: rowsToRead },
    { name: 'max_concurrent_queries_for_user', value: mostQueriesAtATime },
    { name: 'max_execution_time', value: seconds, changeable: { min: 1, max: seconds } },
    { name: 'max_result_rows', value: mostResultRows, changeable: resultRows },
    ...freelyChangeable.map((name) => ({ name, changeable: {} })),
  ];
}

/** What drivers of Metabase, Superset, Tableau, Power BI and Grafana send with their queries. */
const freelyChangeable = [
  'result_overflow_mode',
  'session_timezone',
  'date_time_input_format',
  'date_time_output_format',
  'output_format_json_quote_64bit_integers',
  'output_format_json_quote_decimals',
  'output_format_json_quote_denormals',
  'output_format_json_named_tuples_as_objects',
  'send_progress_in_http_headers',
  'http_headers_progress_interval_ms',
  'http_wait_end_of_query',
  'enable_http_compression',
  'cancel_http_readonly_queries_on_client_close',
  'connect_timeout',
  'receive_timeout',
  'send_timeout',
  'network_compression_method',
  'log_comment',
  'select_sequential_consistency',
] as const;

/** The tables of a cluster that each of its servers holds, with the columns that a user may read. */
export const heldTablesOf = ({ isCluster }: SqlUserPlace): { table: string; columns: string }[] =>
  isCluster ? baseTables.map((table) => ({ table: heldTable(table), columns: readColumns[table] })) : [];

/** Limits of an hour, as ClickHouse's quotas have them. */
export const quotaLimits: readonly (readonly [string, number])[] = Object.entries(hourly);

/** Which rows of the views a user sees. */
export const viewCondition = ({ workspace }: SqlUser): string => `workspace = '${workspace}'`;

/**
 * Which rows of the tables the views read for a user. ClickHouse applies it as it reads them, before any condition of a query: nothing
 * that a query does with a row, such as an error in the middle, can tell of rows of other workspaces. `currentUser` is whoever
 * asks, in a view of another definer, too.
 */
export const tableCondition = (user: SqlUser): string =>
  `(currentUser() = '${user.name}') AND (${viewCondition(user)})`;
