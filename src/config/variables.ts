import { z } from 'zod';
import { roles } from '../roles.ts';
import {
  flag,
  headerList,
  httpUrl,
  httpUrls,
  optional,
  origins,
  plainName,
  roleList,
  share,
  stageTable,
  timezone,
  wholeNumber,
} from './values.ts';

export interface Variable<T> {
  readonly parse: z.ZodType<T, string>;
  /** As it would stand in the environment; undefined: without it, the variable is not set. */
  readonly default?: string;
  readonly description: string;
  readonly secret?: true;
  /** A SIGHUP puts another value into force. */
  readonly reloads?: true;
}

/** Every environment variable there is: what the README's table and the checks of docker-compose.yml are made from. */
export const variables = {
  ENV_FILE: {
    parse: optional(z.string().min(1)),
    description:
      'File with lines `NAME=value` that override the environment. SIGHUP reads it again, so you can change values of a running process.',
  },
  HOST: { parse: z.string().min(1), default: '127.0.0.1', description: 'Address to listen on.' },
  PORT: {
    parse: wholeNumber(0, 65_535),
    default: '4000',
    description: 'Port to listen on. 0 takes a free port and logs it.',
  },
  SHUTDOWN_DELAY_MS: {
    parse: wholeNumber(0, 300_000),
    default: '0',
    description:
      'On SIGTERM, `/readyz` answers 503 at once, and utmql accepts requests for this long, so that a load balancer can notice.',
  },
  LOG_LEVEL: {
    parse: z.enum(
      ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'],
      'is not one of fatal, error, warn, info, debug, trace, silent',
    ),
    default: 'info',
    reloads: true,
    description: 'Minimum log level: fatal, error, warn, info, debug, trace or silent.',
  },
  DATA_DIR: {
    parse: z.string().min(1),
    default: './data',
    description:
      'Folder for utmql’s own ClickHouse server, its keys and the buffer of pushed records. It must be persistent.',
  },
  API_KEYS_FILE: {
    parse: optional(z.string().min(1)),
    description:
      'File of API keys. `npm run keys` creates and changes it. If set, callers must authenticate. See docs/access.md.',
  },
  JWT_SECRET: {
    parse: optional(z.string().refine((text) => Buffer.byteLength(text) >= 32, 'has fewer than 32 bytes')),
    secret: true,
    description: 'Secret for JSON Web Tokens signed with HS256. If set, callers must authenticate.',
  },
  JWT_JWKS_URL: {
    parse: optional(httpUrl),
    description:
      'URL of the key set (JWKS) for JSON Web Tokens signed with RS256, PS256, ES256 or EdDSA. If set, callers must authenticate.',
  },
  JWT_ISSUER: { parse: optional(z.string().min(1)), description: 'Required `iss` of tokens.' },
  JWT_AUDIENCE: { parse: optional(z.string().min(1)), description: 'Required `aud` of tokens.' },
  JWT_CLAIM_PREFIX: {
    parse: z.string(),
    default: '',
    description:
      'Prefix of the claims `role`, `workspaces` and `channels`, for example `https://example.com/`.',
  },
  INTROSPECTION_ROLES: {
    parse: roleList,
    default: roles.join(','),
    description:
      'Roles that may read the schema (introspection, `/schema.graphql`) and get suggestions for misspelt names: a list of viewer, ingestor and admin, or `none`.',
  },
  METRICS_PUBLIC: {
    parse: flag,
    default: 'false',
    description:
      '`true` opens `/metrics` to everybody. `false` limits it, if callers must authenticate, to admins, who see the sources of their workspaces.',
  },
  RATE_LIMIT_PER_MINUTE: {
    parse: optional(wholeNumber(1, 1_000_000_000)),
    reloads: true,
    description:
      'Requests per minute and caller, not counting pushes (`RATE_LIMITED`). Default: 6000; without authentication 600000 for each address.',
  },
  PUSH_RATE_LIMIT_PER_MINUTE: {
    parse: wholeNumber(1, 1_000_000_000),
    default: '600000',
    reloads: true,
    description: 'Pushes per minute and caller, to `/events` and `/ingest/…` (`RATE_LIMITED`).',
  },
  QUERY_COST_PER_MINUTE: {
    parse: optional(wholeNumber(1, Number.MAX_SAFE_INTEGER)),
    reloads: true,
    description:
      'Query cost per minute and caller (`RATE_LIMITED`). The cost of a query is the number of values that its response can have; cached responses are free. Default: 20000000; without authentication a hundred times that.',
  },
  CALLER_MAX_CONCURRENCY: {
    parse: optional(wholeNumber(1, 100_000)),
    reloads: true,
    description:
      'Concurrent queries and mutations of each caller. The same limit applies separately to pushes to `/ingest/…` and to subscriptions. Further ones wait up to 5 s, then fail with `RATE_LIMITED`. Default: 20; without authentication 2000.',
  },
  LOGIN_FAILURES_PER_MINUTE: {
    parse: wholeNumber(1, 1_000_000),
    default: '20',
    description:
      'Invalid keys and tokens per minute and address. Beyond this limit, utmql checks only credentials that were valid before (`RATE_LIMITED`).',
  },
  MAX_BODY_BYTES: {
    parse: wholeNumber(1_024, 104_857_600),
    default: '1048576',
    description: 'Maximum size of a GraphQL request body in bytes.',
  },
  MAX_CONNECTIONS: {
    parse: wholeNumber(1, 1_000_000),
    default: '10000',
    description: 'Maximum number of open connections. utmql closes further ones at once.',
  },
  TRUST_PROXY: {
    parse: wholeNumber(0, 10),
    default: '0',
    description:
      'Number of your proxies in front of utmql. The address of a caller is this entry of `X-Forwarded-For`, counted from the right. 0 ignores the header.',
  },
  CORS_ORIGINS: {
    parse: origins,
    default: 'none',
    description:
      'Origins whose pages may call utmql from a browser, with a key or token: `https://example.com,https://example.org`. `*` allows all; it requires authentication.',
  },
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
      'Disk of the ClickHouse at CLICKHOUSE_URL that `npm run backup` writes to. Default: the folder in its setting `backups.allowed_path`.',
  },
  CLICKHOUSE_MEMORY_MB: {
    parse: wholeNumber(512, 1_048_576),
    default: '4096',
    description: 'Memory limit of utmql’s own ClickHouse server.',
  },
  CLICKHOUSE_MAX_CONCURRENCY: {
    parse: wholeNumber(1, 1_000),
    default: '8',
    description: 'Maximum number of concurrent ClickHouse queries. Others wait.',
  },
  QUERY_TIMEOUT_MS: {
    parse: wholeNumber(100, 600_000),
    default: '30000',
    reloads: true,
    description: 'Maximum duration of a query (`TIMEOUT`).',
  },
  QUERY_MEMORY_MB: {
    parse: wholeNumber(64, 1_048_576),
    default: '2048',
    reloads: true,
    description: 'Maximum memory of a query (`QUERY_TOO_EXPENSIVE`).',
  },
  QUERY_MAX_ROWS: {
    parse: wholeNumber(1_000, Number.MAX_SAFE_INTEGER),
    default: '2000000000',
    reloads: true,
    description: 'Maximum number of rows that a query reads (`QUERY_TOO_EXPENSIVE`).',
  },
  QUERY_MAX_DEPTH: {
    parse: wholeNumber(3, 100),
    default: '12',
    reloads: true,
    description: 'Maximum depth of a GraphQL document (`QUERY_TOO_COMPLEX`).',
  },
  QUERY_MAX_ROOT_FIELDS: {
    parse: wholeNumber(1, 1_000),
    default: '50',
    reloads: true,
    description: 'Maximum number of root fields in a GraphQL document, such as the tiles of a dashboard.',
  },
  QUERY_MAX_ALIASES: {
    parse: wholeNumber(1, 10_000),
    default: '200',
    reloads: true,
    description: 'Maximum number of aliases in a GraphQL document.',
  },
  QUERY_MAX_COMPLEXITY: {
    parse: wholeNumber(1_000, 1_000_000_000),
    default: '500000',
    reloads: true,
    description:
      'Maximum number of values that a response can have: fields times the rows that `first` requests.',
  },
  TRUSTED_DOCUMENTS: {
    parse: z.enum(['off', 'only'], 'is neither off nor only'),
    default: 'off',
    description:
      '`only` answers only documents from `schema/persisted/manifest.json` and `PERSISTED_MANIFEST`, by id (`PERSISTED_QUERY_ONLY`).',
  },
  PERSISTED_MANIFEST: {
    parse: optional(z.string().min(1)),
    description:
      'JSON file with your own persisted documents: the file that GraphQL Code Generator (`persistedDocuments`), relay-compiler (`persistConfig`) or Apollo’s `generate-persisted-query-manifest` writes.',
  },
  AUTOMATIC_PERSISTED_QUERIES: {
    parse: flag,
    default: 'true',
    description: 'Whether clients may register documents by their SHA-256 (Apollo’s protocol).',
  },
  RESPONSE_CACHE_TTL_MS: {
    parse: wholeNumber(0, 86_400_000),
    default: '60000',
    description:
      'How long utmql serves a cached response while no new data is stored. 0 turns the cache off. Data that another process stores shows within about two seconds; while ClickHouse is unreachable, after this time.',
  },
  RESPONSE_CACHE_MB: {
    parse: wholeNumber(1, 65_536),
    default: '64',
    description: 'Memory for cached responses, a quarter of it for their compressed copies.',
  },
  ADS_API_URL: {
    parse: optional(httpUrl),
    secret: true,
    reloads: true,
    description: 'URL of the ads feed (source `ads`).',
  },
  CRM_API_URL: {
    parse: optional(httpUrl),
    secret: true,
    reloads: true,
    description: 'URL of the CRM feed (source `crm`).',
  },
  SOURCE_TIMEOUT_MS: {
    parse: wholeNumber(100, 3_600_000),
    default: '30000',
    reloads: true,
    description: 'Maximum time without data from a source, before or during its response.',
  },
  SOURCE_ATTEMPTS: {
    parse: wholeNumber(1, 20),
    default: '4',
    reloads: true,
    description: 'Number of requests to a source before a run fails.',
  },
  SOURCE_PATIENCE_MS: {
    parse: wholeNumber(0, 3_600_000),
    default: '150000',
    reloads: true,
    description: 'Maximum total wait per page for a source that throttles (429) or gives a time to retry.',
  },
  SOURCE_REDIRECTS_TO_PRIVATE: {
    parse: z.enum(['refuse', 'allow'], 'is neither refuse nor allow'),
    default: 'refuse',
    reloads: true,
    description:
      'Whether redirects and next links may lead from a public address to a private one (loopback, private and link-local networks, metadata services): `refuse` or `allow`.',
  },
  SOURCES_FILE: {
    parse: optional(z.string().min(1)),
    reloads: true,
    description:
      'YAML file of sources. See docs/sources.md. `ADS_API_URL` and `CRM_API_URL` are the short form for two plain feeds.',
  },
  ROLLUPS: {
    parse: z.enum(['on', 'off'], 'is neither on nor off'),
    default: 'on',
    description:
      '`on` keeps sums by day and month for common sets of dimensions and answers `metrics` from them. Answers are the same with `off`, only slower. A cluster with Keeper always works as with `off`.',
  },
  ROLLUPS_FILE: {
    parse: optional(z.string().min(1)),
    description: 'YAML file with more sets of dimensions to keep sums for. See docs/rollups.md.',
  },
  SCHEDULER: {
    parse: z.enum(['on', 'off'], 'is neither on nor off'),
    default: 'off',
    reloads: true,
    description: '`on` runs sources by their `schedule` in the sources file.',
  },
  WATERMARK_OVERLAP_DAYS: {
    parse: optional(wholeNumber(0, 365)),
    description:
      'How many days before the last complete day a run without `since` starts, because ad platforms restate figures. Default: as long as the platform restates (Google Ads 30, Meta 28, others 7). `restates_days` of a source overrides it.',
  },
  RAW_RETENTION_DAYS: {
    parse: wholeNumber(0, 36_500),
    default: '30',
    description: 'How many days utmql keeps the original data of sources for `replayRun`. 0 keeps none.',
  },
  INGEST_BATCH_MB: {
    parse: wholeNumber(1, 1_024),
    default: '8',
    description: 'Size of the encoded rows that a run collects before it writes them.',
  },
  BUFFER_MAX_SIZE: {
    parse: wholeNumber(1, 100_000_000),
    default: '50000',
    description:
      'Maximum number of pushed records that wait on disk for ClickHouse. Beyond it, pushes get 429.',
  },
  BUFFER_MAX_BYTES: {
    parse: wholeNumber(65_536, Number.MAX_SAFE_INTEGER),
    default: '1073741824',
    description: 'Maximum disk space of pushed records that wait for ClickHouse. Beyond it, pushes get 503.',
  },
  BATCH_SIZE: {
    parse: wholeNumber(1, 1_000_000),
    default: '5000',
    description: 'Number of pushed records in one write to ClickHouse.',
  },
  DRAIN_INTERVAL_MS: {
    parse: wholeNumber(10, 600_000),
    default: '1000',
    description: 'Maximum time that a pushed event waits for its batch to fill.',
  },
  REPORTING_TIMEZONE: {
    parse: timezone,
    default: 'UTC',
    description: 'IANA time zone that defines the day of an instant, and “today”.',
  },
  REPORTING_CURRENCY: {
    parse: z.string().regex(/^[A-Z]{3}$/, 'is not a three-letter code such as USD'),
    default: 'USD',
    description: 'Currency of records that have none.',
  },
  ATTRIBUTION_WINDOW_DAYS: {
    parse: wholeNumber(0, 365),
    default: '30',
    description: 'Attribution window: how many days before an opportunity an ads row can match it.',
  },
  STAGE_MAP: {
    parse: stageTable,
    default: '{}',
    description:
      'JSON object that maps your CRM’s stage names to `lead`, `opportunity`, `closed_won` or `closed_lost`. It adds to the built-in names.',
  },
  CONTACT_HASH_KEY: {
    parse: optional(z.string().min(16, 'has fewer than 16 characters')),
    secret: true,
    description: 'Key for hashing `contact_email`. Without it, utmql creates one in `DATA_DIR`.',
  },
  DATA_RETENTION_DAYS: {
    parse: wholeNumber(1, 36_500),
    default: '540',
    description: 'How many days utmql keeps ads rows, opportunities, runs and rejected records.',
  },
  EVENT_RETENTION_DAYS: {
    parse: wholeNumber(1, 36_500),
    default: '30',
    description: 'How many days utmql keeps events.',
  },
  MAX_FUTURE_DAYS: {
    parse: wholeNumber(0, 36_500),
    default: '2',
    description:
      'How many days after today (UTC) the day of a record may be: the `date` of an ads row, `created_at` of an opportunity, `timestamp` of an event.',
  },
  OTEL_EXPORTER_OTLP_ENDPOINT: {
    parse: optional(httpUrl),
    description:
      'OpenTelemetry collector for traces (OTLP over HTTP, at its `/v1/traces`). Without it and `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`, utmql sends no traces.',
  },
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: {
    parse: optional(httpUrl),
    description: 'Full URL of the collector, including the path.',
  },
  OTEL_EXPORTER_OTLP_HEADERS: {
    parse: headerList,
    default: '',
    secret: true,
    description: 'Headers for the collector: `name=value,name=value`, percent-encoded.',
  },
  OTEL_SERVICE_NAME: {
    parse: z.string().min(1),
    default: 'utmql',
    description: 'Name of this service in traces.',
  },
  OTEL_TRACES_SAMPLER_ARG: {
    parse: share,
    default: '1',
    description: 'Share of traces to keep, 0 to 1, if the caller’s `traceparent` does not decide.',
  },
  AUDIT_RETENTION_DAYS: {
    parse: wholeNumber(1, 36_500),
    default: '365',
    description: 'How many days utmql keeps the audit log.',
  },
} as const satisfies Record<string, Variable<unknown>>;

export type VariableName = keyof typeof variables;
