import { z } from 'zod';
import { flag, optional, wholeNumber } from './values.ts';
import type { Variable } from './variable.ts';

/** What one query may use, and what it is answered from. */
export const queriesVariables = {
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
    description:
      'Maximum memory of a query (`QUERY_TOO_EXPENSIVE`). It has less if ClickHouse has less for all queries at a time: docs/limits.md.',
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
  EXPORT_MAX_ROWS: {
    parse: wholeNumber(1, 1_000_000_000),
    default: '1000000',
    reloads: true,
    description:
      'Maximum number of rows of a file from `/export/metrics` (`QUERY_TOO_EXPENSIVE`). See docs/exports.md.',
  },
  EXPORT_TIMEOUT_MS: {
    parse: wholeNumber(1_000, 3_600_000),
    default: '300000',
    reloads: true,
    description:
      'Maximum duration of the download of such a file, from its first byte. Until then `QUERY_TIMEOUT_MS` applies.',
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
  ROLLUPS: {
    parse: z.enum(['on', 'off'], 'is neither on nor off'),
    default: 'on',
    description:
      '`on` keeps sums by day and month for common sets of dimensions and answers `metrics` from them. Answers are the same with `off`, only slower. A cluster with Keeper always works as with `off`.',
  },
  ROLLUPS_MIN_ROWS: {
    parse: wholeNumber(0, 1e12),
    default: '100000',
    description:
      'Rows in the range of a query from which rollups are used; fewer are read from the tables, which is faster then.',
  },
  ROLLUPS_FILE: {
    parse: optional(z.string().min(1)),
    description: 'YAML file with more sets of dimensions to keep sums for. See docs/rollups.md.',
  },
} as const satisfies Readonly<Record<string, Variable<unknown>>>;
