import { z } from 'zod';
import { httpUrl, httpUrls, optional, plainName, wholeNumber } from './values.ts';
import type { Variable } from './variable.ts';

/** The database. */
export const clickhouseVariables = {
  CLICKHOUSE_URL: {
    parse: optional(httpUrl),
    description: 'HTTP URL of your ClickHouse. Without it, utmql starts its own server in `DATA_DIR`.',
  },
  CLICKHOUSE_USER: { parse: z.string(), default: 'default', description: 'User at `CLICKHOUSE_URL`.' },
  CLICKHOUSE_PASSWORD: {
    parse: z.string(),
    default: '',
    secret: true,
    description: 'Password at `CLICKHOUSE_URL`.',
  },
  CLICKHOUSE_DATABASE: {
    parse: z.string().regex(/^[a-z_][a-z0-9_]*$/, 'is not a plain lower-case name'),
    default: 'utmql',
    description: 'Database to use. utmql creates it if it does not exist.',
  },
  CLICKHOUSE_PORT: {
    parse: wholeNumber(0, 65_535),
    default: '0',
    description:
      'HTTP port of utmql’s own ClickHouse server on 127.0.0.1, for BI tools on this machine. 0 takes a free port. See docs/sql.md.',
  },
  CLICKHOUSE_ADMIN_USER: {
    parse: optional(plainName),
    description:
      'User at `CLICKHOUSE_URL` who may make users, for `utmql sql-user` alone. Default: `CLICKHOUSE_USER`. See docs/sql.md.',
  },
  CLICKHOUSE_ADMIN_PASSWORD: {
    parse: z.string(),
    default: '',
    secret: true,
    description: 'Password of `CLICKHOUSE_ADMIN_USER`.',
  },
  SQL_VIEWS: {
    parse: z.enum(['on', 'off'], 'is neither on nor off'),
    default: 'on',
    description:
      '`on` keeps the views `metrics_daily` and `opportunities_current` in the database, for BI tools. `off` does not touch them. See docs/sql.md.',
  },
  SQL_VIEWS_DEFINER: {
    parse: z.string().regex(/^[a-z][a-z0-9_]*$/, 'is not a plain lower-case name'),
    default: 'utmql_views',
    description:
      'User of ClickHouse as whom the views read the tables. Nobody logs in as this user. See docs/sql.md.',
  },
  CLICKHOUSE_CLUSTER: {
    parse: optional(z.string().regex(/^[A-Za-z0-9_.-]+$/, 'is not a name of letters, digits, _, . and -')),
    description:
      'Name of a cluster that the server at `CLICKHOUSE_URL` knows. utmql shards and replicates its tables over it. See docs/scaling.md.',
  },
  CLICKHOUSE_SHARD_URLS: {
    parse: optional(httpUrls),
    description:
      'For a cluster without Keeper: comma-separated HTTP URLs, one server for each shard. The tables are not replicated.',
  },
  STARTUP_TIMEOUT_MS: {
    parse: wholeNumber(0, 3_600_000),
    default: '30000',
    description: 'How long utmql waits at startup for an unreachable ClickHouse at `CLICKHOUSE_URL`.',
  },
  STORAGE_POLICY: {
    parse: optional(plainName),
    description: 'ClickHouse storage policy of the tables. Use it together with COLD_VOLUME.',
  },
  COLD_VOLUME: {
    parse: optional(plainName),
    description: 'Volume of STORAGE_POLICY that older days move to. See docs/backup.md.',
  },
  COLD_AFTER_DAYS: {
    parse: wholeNumber(1, 36_500),
    default: '90',
    description: 'Age in days at which a day moves to COLD_VOLUME.',
  },
  BACKUP_DISK: {
    parse: optional(plainName),
    description:
      'Disk of the ClickHouse at CLICKHOUSE_URL that `utmql backup` writes to. Default: the folder in its setting `backups.allowed_path`.',
  },
  CLICKHOUSE_MEMORY_MB: {
    parse: wholeNumber(512, 1_048_576),
    default: '4096',
    description: 'Memory limit of utmql’s own ClickHouse server.',
  },
  CLICKHOUSE_MAX_CONCURRENCY: {
    parse: wholeNumber(1, 1_000),
    default: '8',
    description:
      'Maximum number of concurrent ClickHouse queries. Others wait. Heavy ones among them are at most as many as ClickHouse has cores, and leave a slot to cheap ones: docs/limits.md.',
  },
  CLICKHOUSE_MAX_WAITING: {
    parse: wholeNumber(1, 1_000_000),
    default: '4000',
    description:
      'Maximum number of queries of all callers that wait. Beyond it, the caller with the most waiting queries loses one (`OVERLOADED`).',
  },
} as const satisfies Readonly<Record<string, Variable<unknown>>>;
