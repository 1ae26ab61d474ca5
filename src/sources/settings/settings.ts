import { z } from 'zod';
import { attributionSource, pushSource, sinkSource } from '../../records/names.ts';
import { adapterNames } from '../adapters/adapters.ts';
import { defaultMaxRejects } from '../mapping/feed-rules.ts';
import { nameSetting, workspaceSetting } from '../mapping/named-mapping.ts';
import { recordKeys } from '../mapping/record-settings.ts';
import {
  integerSetting,
  numberSetting,
  oneOf,
  path,
  scalars,
  section,
  textSetting,
} from '../mapping/setting-types.ts';
import { sourceKinds } from '../mapping/source-kind.ts';
import { accountSettingsKeys } from './account-keys.ts';

const fileText = 'expected a path such as exports/*.csv.gz';

const bodyText =
  'expected a text, or keys and values for a JSON body; or a list of these, for a request each';
const oneBody = z.union([
  textSetting(''),
  z.record(z.string(), z.unknown()).transform((object) => JSON.stringify(object)),
]);

const place = oneOf(['query', 'body']).optional();
const parameter = textSetting('expected the name of a parameter');

/** Exactly one of these; `none` alone stands for `{none: true}`. */
const paginationKeys = section({
  none: z.literal(true, 'accepted: true').optional(),
  cursor: section({ field: path, parameter, more: path.optional(), in: place }).optional(),
  next_link: section({ field: path }).optional(),
  page_number: section({
    parameter,
    start: integerSetting(0, 1_000_000).default(1),
    stop: path.default(['empty']),
    in: place,
  }).optional(),
  offset: section({
    parameter,
    limit_parameter: parameter,
    limit: integerSetting(1, 1_000_000),
    stop: path.default(['empty']),
    in: place,
  }).optional(),
  link_header: z.literal(true, 'accepted: true').optional(),
});
const pagination = z.preprocess((value) => (value === 'none' ? { none: true } : value), paginationKeys);

const auth = section({
  bearer: textSetting('expected a token').optional(),
  basic: section({
    user: textSetting('expected a user name'),
    password: z.string('expected a password'),
  }).optional(),
  header: section({
    name: textSetting('expected the name of a header'),
    value: textSetting('expected its value'),
  }).optional(),
  query: scalars('expected names and values of parameters').optional(),
  oauth2: section({
    token_url: textSetting('expected an address'),
    client_id: textSetting('expected the id of a client'),
    client_secret: textSetting('expected its secret'),
    refresh_token: textSetting('expected a refresh token').optional(),
    scope: textSetting('expected a scope').optional(),
  }).optional(),
});

/** The settings of one source in the file. `settings-checks.ts` checks combinations. */
export const sourceSettings = section({
  name: nameSetting
    .refine((given) => given !== pushSource, 'is the name of what is pushed; choose another')
    .refine((given) => given !== attributionSource, 'is the name of runs that attribute; choose another')
    .refine((given) => given !== sinkSource, 'is the name of runs that export; choose another'),
  kind: oneOf(sourceKinds).optional(),
  adapter: oneOf(adapterNames).default('generic_json'),
  workspace: workspaceSetting,
  namespace: nameSetting.optional(),
  formerly: z
    .union(
      [nameSetting.transform((only) => [only]), z.array(nameSetting).min(1)],
      'expected a name, or a list of names',
    )
    .default([]),
  ...accountSettingsKeys,
  url: textSetting('expected an address').optional(),
  files: z
    .union(
      [textSetting(fileText).transform((glob) => [glob]), z.array(textSetting(fileText)).min(1, fileText)],
      fileText,
    )
    .optional(),
  method: oneOf(['GET', 'POST']).optional(),
  body: z
    .union([oneBody.transform((only) => [only]), z.array(oneBody).min(1)], bodyText)
    .transform((bodies): readonly string[] => bodies)
    .optional(),
  headers: scalars('expected names and values of headers').default({}),
  auth: auth.optional(),
  parameters: z
    .record(
      z.string(),
      z.union([z.string(), z.number().transform(String), z.boolean().transform(String), z.null()]),
      'expected names and values of parameters',
    )
    .default({}),
  pagination: pagination.optional(),
  window: section({
    limit: integerSetting(1, 10_000_000),
    id: path.optional(),
    start: z.union([z.string(), z.number().transform(String)], 'expected an id').default('0'),
  }).optional(),
  total: path.optional(),
  max_pages: integerSetting(1, 1_000_000).default(10_000),
  allow_hosts: z.array(textSetting('expected the name of a host'), 'expected a list of hosts').default([]),
  rate_limit: section({
    per_second: numberSetting(
      'expected a number above 0, up to 1000',
      (value) => value > 0 && value <= 1_000,
    ),
    burst: integerSetting(1, 1_000).default(1),
  }).optional(),
  timeout_ms: integerSetting(100, 3_600_000).optional(),
  attempts: integerSetting(1, 20).optional(),
  patience_ms: integerSetting(0, 3_600_000).optional(),
  backfill_days: integerSetting(1, 3_650).optional(),
  days_per_request: integerSetting(1, 3_650).optional(),
  restates_days: integerSetting(0, 365).optional(),
  schedule: textSetting('expected a cron expression').optional(),
  mode: oneOf(['upsert', 'replace']).optional(),
  ...recordKeys,
  guard: z
    .preprocess(
      (value) => (typeof value === 'boolean' ? (value ? 'on' : 'off') : value),
      oneOf(['on', 'off']),
    )
    .default('on'),
  max_rejects: section({
    share: numberSetting('expected a number from 0 to 1', (value) => value >= 0 && value <= 1).default(
      defaultMaxRejects.share,
    ),
    count: integerSetting(0, 1_000_000_000).optional(),
  }).default(defaultMaxRejects),
});

export type SourceSettings = z.output<typeof sourceSettings>;

export const sourcesFile = section({
  sources: z.array(z.unknown(), 'expected a list of sources').default([]),
  mappings: z.array(z.unknown(), 'expected a list of mappings').default([]),
});
