import { z } from 'zod';
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
      'File of lines `NAME=value` that go over the environment. It is read again on SIGHUP, which is how a running process gets other values.',
  },
  HOST: { parse: z.string().min(1), default: '127.0.0.1', description: 'Address to listen on.' },
  PORT: {
    parse: wholeNumber(0, 65_535),
    default: '4000',
    description: 'Port to listen on; 0 takes a free one and logs it.',
  },
  SHUTDOWN_DELAY_MS: {
    parse: wholeNumber(0, 300_000),
    default: '0',
    description:
      'How long requests are still taken after `/readyz` has turned to 503 on SIGTERM: what a load balancer needs to notice.',
  },
  LOG_LEVEL: {
    parse: z.enum(
      ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'],
      'is not one of fatal, error, warn, info, debug, trace, silent',
    ),
    default: 'info',
    reloads: true,
    description: 'Least severe level that is logged: fatal, error, warn, info, debug, trace or silent.',
  },
  DATA_DIR: {
    parse: z.string().min(1),
    default: './data',
    description:
      'Folder for utmql’s own ClickHouse server, keys and the buffer of pushed records; it must outlive the process.',
  },
  API_KEYS_FILE: {
    parse: optional(z.string().min(1)),
    description:
      'File of API keys, made and changed by `npm run keys`; callers must have one. See docs/access.md.',
  },
  JWT_SECRET: {
    parse: optional(z.string().refine((text) => Buffer.byteLength(text) >= 32, 'has fewer than 32 bytes')),
    secret: true,
    description: 'Secret of tokens that are signed with HS256; callers must have one.',
  },
  JWT_JWKS_URL: {
    parse: optional(httpUrl),
    description:
      'Address of the keys of tokens that are signed with RS256, PS256, ES256 or EdDSA; callers must have one.',
  },
  JWT_ISSUER: { parse: optional(z.string().min(1)), description: 'The `iss` that tokens must have.' },
  JWT_AUDIENCE: { parse: optional(z.string().min(1)), description: 'The `aud` that tokens must have.' },
  JWT_CLAIM_PREFIX: {
    parse: z.string(),
    default: '',
    description: 'Stands before the claims `role`, `workspaces` and `channels`: `https://example.com/`.',
  },
  INTROSPECTION_ROLES: {
    parse: roleList,
    default: 'admin',
    description:
      'Who may introspect the schema and is told what a misspelt name could have been: viewer, ingestor, admin, or none.',
  },
  METRICS_PUBLIC: {
    parse: flag,
    default: 'false',
    description:
      'Whether `/metrics` is for everybody. Otherwise, where callers log in, it is for admins, with the sources of their workspaces.',
  },
  RATE_LIMIT_PER_MINUTE: {
    parse: optional(wholeNumber(1, 1_000_000_000)),
    reloads: true,
    description:
      'Requests a minute of each caller, pushes apart (`RATE_LIMITED`). Without it 6000, and 600000 of each address where nobody logs in.',
  },
  PUSH_RATE_LIMIT_PER_MINUTE: {
    parse: wholeNumber(1, 1_000_000_000),
    default: '600000',
    reloads: true,
    description: 'Pushes a minute of each caller, to `/events` and `/ingest/…` (`RATE_LIMITED`).',
  },
  QUERY_COST_PER_MINUTE: {
    parse: optional(wholeNumber(1, Number.MAX_SAFE_INTEGER)),
    reloads: true,
    description:
      'What the queries of each caller may cost a minute: the values that their answers can have; cached answers are free (`RATE_LIMITED`). Without it 20000000, and a hundred times that where nobody logs in.',
  },
  CALLER_MAX_CONCURRENCY: {
    parse: optional(wholeNumber(1, 100_000)),
    reloads: true,
    description:
      'Queries and mutations of each caller at a time, as many pushes to `/ingest/…`, and as many subscriptions; more wait up to 5 s, then `RATE_LIMITED`. Without it 20, and 2000 where nobody logs in.',
  },
  LOGIN_FAILURES_PER_MINUTE: {
    parse: wholeNumber(1, 1_000_000),
    default: '20',
    description:
      'Wrong keys and tokens a minute from each address; after them, only what was good before is checked (`RATE_LIMITED`).',
  },
  MAX_BODY_BYTES: {
    parse: wholeNumber(1_024, 104_857_600),
    default: '1048576',
    description: 'Longest body of a GraphQL request.',
  },
  MAX_CONNECTIONS: {
    parse: wholeNumber(1, 1_000_000),
    default: '10000',
    description: 'Connections at a time; more are closed at once.',
  },
  TRUST_PROXY: {
    parse: wholeNumber(0, 10),
    default: '0',
    description:
      'How many proxies of yours stand before utmql: the address of a caller is that many from the right in `X-Forwarded-For`. 0 does not look at the header.',
  },
  CORS_ORIGINS: {
    parse: origins,
    default: 'none',
    description:
      'Origins whose pages may call utmql from a browser, with a key or token: `https://example.com,https://example.org`; `*` for all, where callers log in.',
  },
  CLICKHOUSE_URL: {
    parse: optional(httpUrl),
    description: 'HTTP address of your ClickHouse. Without it, utmql starts its own server in `DATA_DIR`.',
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
    description: 'Database to use; made when missing.',
  },
  CLICKHOUSE_CLUSTER: {
    parse: optional(z.string().regex(/^[A-Za-z0-9_.-]+$/, 'is not a name of letters, digits, _, . and -')),
    description:
      'Name of a cluster that the server at `CLICKHOUSE_URL` knows: tables are spread over its shards and replicated. See docs/scaling.md.',
  },
  CLICKHOUSE_SHARD_URLS: {
    parse: optional(httpUrls),
    description:
      'For a cluster without Keeper: the HTTP address of each shard’s one server, with commas between; tables are then not replicated.',
  },
  STARTUP_TIMEOUT_MS: {
    parse: wholeNumber(0, 3_600_000),
    default: '30000',
    description: 'How long a start waits for a ClickHouse at `CLICKHOUSE_URL` that cannot be reached yet.',
  },
  STORAGE_POLICY: {
    parse: optional(plainName),
    description: 'Storage policy of the ClickHouse server that tables use, with COLD_VOLUME.',
  },
  COLD_VOLUME: {
    parse: optional(plainName),
    description: 'Volume of STORAGE_POLICY that older days are moved to: see docs/backup.md.',
  },
  COLD_AFTER_DAYS: {
    parse: wholeNumber(1, 36_500),
    default: '90',
    description: 'How old days are that COLD_VOLUME has.',
  },
  BACKUP_DISK: {
    parse: optional(plainName),
    description:
      'Disk of the ClickHouse at CLICKHOUSE_URL that `npm run backup` writes to; without it, the folder that its `backups.allowed_path` names.',
  },
  CLICKHOUSE_MEMORY_MB: {
    parse: wholeNumber(512, 1_048_576),
    default: '4096',
    description: 'Memory that utmql’s own ClickHouse server may use.',
  },
  CLICKHOUSE_MAX_CONCURRENCY: {
    parse: wholeNumber(1, 1_000),
    default: '8',
    description: 'ClickHouse queries at a time; others wait their turn.',
  },
  QUERY_TIMEOUT_MS: {
    parse: wholeNumber(100, 600_000),
    default: '30000',
    reloads: true,
    description: 'Longest a query may take (`TIMEOUT`).',
  },
  QUERY_MEMORY_MB: {
    parse: wholeNumber(64, 1_048_576),
    default: '2048',
    reloads: true,
    description: 'Most memory a query may use (`QUERY_TOO_EXPENSIVE`).',
  },
  QUERY_MAX_ROWS: {
    parse: wholeNumber(1_000, Number.MAX_SAFE_INTEGER),
    default: '2000000000',
    reloads: true,
    description: 'Most rows a query may read (`QUERY_TOO_EXPENSIVE`).',
  },
  QUERY_MAX_DEPTH: {
    parse: wholeNumber(3, 100),
    default: '12',
    reloads: true,
    description: 'Most fields below each other in a GraphQL document (`QUERY_TOO_COMPLEX`).',
  },
  QUERY_MAX_ROOT_FIELDS: {
    parse: wholeNumber(1, 1_000),
    default: '50',
    reloads: true,
    description: 'Most fields at the root of a GraphQL document: the tiles of a dashboard.',
  },
  QUERY_MAX_ALIASES: {
    parse: wholeNumber(1, 10_000),
    default: '200',
    reloads: true,
    description: 'Most fields with an alias in a GraphQL document.',
  },
  QUERY_MAX_COMPLEXITY: {
    parse: wholeNumber(1_000, 1_000_000_000),
    default: '500000',
    reloads: true,
    description: 'Most values that an answer can have: fields times the rows that `first` asks for.',
  },
  TRUSTED_DOCUMENTS: {
    parse: z.enum(['off', 'only'], 'is neither off nor only'),
    default: 'off',
    description:
      '`only` answers nothing but the documents of `schema/persisted/manifest.json` and `PERSISTED_MANIFEST`, by their ids (`PERSISTED_QUERY_ONLY`).',
  },
  PERSISTED_MANIFEST: {
    parse: optional(z.string().min(1)),
    description:
      'JSON file of your own persisted documents: an Apollo manifest, or an object from SHA-256 to document.',
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
      'How long an answer is served again while nothing new is stored; 0 turns the cache off. What another process stores is seen within about two seconds; while ClickHouse cannot be asked, after this time.',
  },
  RESPONSE_CACHE_MB: {
    parse: wholeNumber(1, 65_536),
    default: '64',
    description: 'Memory for cached answers.',
  },
  ADS_API_URL: {
    parse: optional(httpUrl),
    secret: true,
    reloads: true,
    description: 'Address of the ads feed: the source `ads`.',
  },
  CRM_API_URL: {
    parse: optional(httpUrl),
    secret: true,
    reloads: true,
    description: 'Address of the CRM feed: the source `crm`.',
  },
  SOURCE_TIMEOUT_MS: {
    parse: wholeNumber(100, 3_600_000),
    default: '30000',
    reloads: true,
    description: 'Longest silence of a source, before its answer or within it.',
  },
  SOURCE_ATTEMPTS: {
    parse: wholeNumber(1, 20),
    default: '4',
    reloads: true,
    description: 'How often a source is asked before a run fails.',
  },
  SOURCE_PATIENCE_MS: {
    parse: wholeNumber(0, 3_600_000),
    default: '150000',
    reloads: true,
    description:
      'How long, for each page in all, a run waits for a source that throttles (429) or names a time to come again.',
  },
  SOURCE_REDIRECTS_TO_PRIVATE: {
    parse: z.enum(['refuse', 'allow'], 'is neither refuse nor allow'),
    default: 'refuse',
    reloads: true,
    description:
      'Whether redirects and next links of a source at a public address may lead to a private one (loopback, private and link-local networks, metadata services).',
  },
  SOURCES_FILE: {
    parse: optional(z.string().min(1)),
    reloads: true,
    description:
      'YAML file of sources: see docs/sources.md. `ADS_API_URL` and `CRM_API_URL` are the short form for two plain feeds.',
  },
  SCHEDULER: {
    parse: z.enum(['on', 'off'], 'is neither on nor off'),
    default: 'off',
    reloads: true,
    description: '`on` runs sources by the `schedule` that the sources file gives them.',
  },
  WATERMARK_OVERLAP_DAYS: {
    parse: optional(wholeNumber(0, 365)),
    description:
      'How many days a run without `since` goes back behind the last good run, because ad platforms restate. Without it, as long as the platform restates: Google Ads 30, Meta 28, others 7. `restates_days` of a source goes before it.',
  },
  RAW_RETENTION_DAYS: {
    parse: wholeNumber(0, 36_500),
    default: '30',
    description: 'How long what a source sent is kept as it came, for `replayRun`; 0 keeps none.',
  },
  INGEST_BATCH_MB: {
    parse: wholeNumber(1, 1_024),
    default: '8',
    description: 'Encoded rows that a run holds before it writes them.',
  },
  BUFFER_MAX_SIZE: {
    parse: wholeNumber(1, 100_000_000),
    default: '50000',
    description: 'Pushed records that may wait on disk for ClickHouse; more are answered 429.',
  },
  BUFFER_MAX_BYTES: {
    parse: wholeNumber(65_536, Number.MAX_SAFE_INTEGER),
    default: '1073741824',
    description: 'Disk space for pushed records that wait for ClickHouse; more are answered 503.',
  },
  BATCH_SIZE: {
    parse: wholeNumber(1, 1_000_000),
    default: '5000',
    description: 'Pushed records that are written to ClickHouse at a time.',
  },
  DRAIN_INTERVAL_MS: {
    parse: wholeNumber(10, 600_000),
    default: '1000',
    description: 'Longest that a pushed event waits for its batch to fill.',
  },
  REPORTING_TIMEZONE: {
    parse: timezone,
    default: 'UTC',
    description: 'IANA time zone in which the day of an instant, and today, are taken.',
  },
  REPORTING_CURRENCY: {
    parse: z.string().regex(/^[A-Z]{3}$/, 'is not a three-letter code such as USD'),
    default: 'USD',
    description: 'Currency of records that name none.',
  },
  ATTRIBUTION_WINDOW_DAYS: {
    parse: wholeNumber(0, 365),
    default: '30',
    description: 'How many days before an opportunity an ad can have led to it.',
  },
  STAGE_MAP: {
    parse: stageTable,
    default: '{}',
    description:
      'JSON from your CRM’s stage names to `lead`, `opportunity`, `closed_won` or `closed_lost`, on top of the usual ones.',
  },
  CONTACT_HASH_KEY: {
    parse: optional(z.string().min(16, 'has fewer than 16 characters')),
    secret: true,
    description:
      'Key of the hash that stands for `contact_email`. Without it, one is made and kept in `DATA_DIR`.',
  },
  DATA_RETENTION_DAYS: {
    parse: wholeNumber(1, 36_500),
    default: '540',
    description: 'How long ads rows, opportunities, runs and rejects are kept.',
  },
  EVENT_RETENTION_DAYS: {
    parse: wholeNumber(1, 36_500),
    default: '30',
    description: 'How long events are kept.',
  },
  MAX_FUTURE_DAYS: {
    parse: wholeNumber(0, 36_500),
    default: '2',
    description:
      'How many days ahead of today (UTC) the day of a record may be: of an ads row its `date`, of an opportunity its `created_at`, of an event its `timestamp`.',
  },
  OTEL_EXPORTER_OTLP_ENDPOINT: {
    parse: optional(httpUrl),
    description:
      'OpenTelemetry collector (OTLP over HTTP) that traces go to, at its `/v1/traces`. Without it or the next, there are none.',
  },
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: {
    parse: optional(httpUrl),
    description: 'The same as a whole address, path included.',
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
    description: 'Share of traces that are kept, 0 to 1, where the caller’s `traceparent` does not say.',
  },
  AUDIT_RETENTION_DAYS: {
    parse: wholeNumber(1, 36_500),
    default: '365',
    description: 'How long the audit log is kept.',
  },
} as const satisfies Record<string, Variable<unknown>>;

export type VariableName = keyof typeof variables;
