import { framingOrigins, optional, origins, wholeNumber } from './values.ts';
import type { Variable } from './variable.ts';

/** What one caller may use, and from where requests may come. */
export const limitsVariables = {
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
  EMBED_ORIGINS: {
    parse: framingOrigins,
    default: 'none',
    description:
      'Origins whose pages may show share links of the dashboard in an `<iframe>`: `https://wiki.example.com`. No other page of utmql can be embedded.',
  },
} as const satisfies Readonly<Record<string, Variable<unknown>>>;
