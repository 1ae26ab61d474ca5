import { z } from 'zod';
import { roles } from '../../roles.ts';
import { flag, httpUrl, optional, roleList, wholeNumber } from './values.ts';
import type { Variable } from './variable.ts';

/** Who may do what. */
export const accessVariables = {
  API_KEYS_FILE: {
    parse: optional(z.string().min(1)),
    description:
      'File of API keys. `utmql keys` creates and changes it. If set, callers must authenticate. See docs/access.md.',
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
  SHARE_SECRET: {
    parse: optional(z.string().refine((text) => Buffer.byteLength(text) >= 32, 'has fewer than 32 bytes')),
    secret: true,
    description:
      'Secret that signs share links of the dashboard. Another value ends all links. Give all processes the same. Without it, utmql creates one in `DATA_DIR`.',
  },
  METRICS_PUBLIC: {
    parse: flag,
    default: 'false',
    description:
      '`true` opens `/metrics` to everybody. `false` limits it, if callers must authenticate, to admins, who see the sources of their workspaces.',
  },
  LOGIN_FAILURES_PER_MINUTE: {
    parse: wholeNumber(1, 1_000_000),
    default: '20',
    description:
      'Invalid keys and tokens per minute and address. Beyond this limit, utmql checks only credentials that were valid before (`RATE_LIMITED`).',
  },
} as const satisfies Readonly<Record<string, Variable<unknown>>>;
