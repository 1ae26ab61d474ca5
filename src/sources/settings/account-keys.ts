import { z } from 'zod';
import { credentialNames } from '../adapters/short-forms/short-form.ts';
import { section } from '../mapping/setting-types.ts';

export const word = (expected: string) =>
  z
    .union([z.string().min(1), z.number().int()], expected)
    .transform(String)
    .optional();

/** Keys of a source that names only its account; its adapter supplies the rest. */
export const accountSettingsKeys = {
  customer: word('expected the id of a customer'),
  account: word('expected the id of an ad account'),
  advertiser: word('expected the id of an advertiser'),
  domain: word('expected the My Domain of an org'),
  credentials: section(
    Object.fromEntries(
      [...credentialNames, 'token_url' as const].map((name) => [name, word('expected a text')]),
    ) as Record<(typeof credentialNames)[number] | 'token_url', ReturnType<typeof word>>,
  ).optional(),
  api_version: z
    .string('expected a version such as v23')
    .regex(/^v?\d+(\.\d+)?$/, 'expected a version such as v23')
    .optional(),
  base_url: z
    .string('expected an address')
    .regex(
      /^https?:\/\/[^?#\s]+$/,
      'expected an address without parameters, such as https://proxy.example.com',
    )
    .transform((address) => address.replace(/\/+$/, ''))
    .optional(),
};
