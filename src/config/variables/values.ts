import { z } from 'zod';
import { snakeCase } from '../../metrics/registry.ts';
import { defaultStages, type StageTable, stageKey, stages } from '../../records/stage.ts';
import { roles } from '../../roles.ts';
import { keyOfSecret } from '../../webhooks/signature.ts';

// What variables can hold: each reads text, and says in a sentence that begins with the variable’s name what is wrong with it.

export const wholeNumber = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d+$/, 'is not a whole number')
    .transform(Number)
    .refine((value) => value >= min && value <= max, `is not between ${min} and ${max}`);

export const httpUrl = z.string().refine((text) => {
  try {
    return ['http:', 'https:'].includes(new URL(text).protocol);
  } catch {
    return false;
  }
}, 'is not an http:// or https:// address');

export const httpUrls = z.string().transform((text, context): readonly string[] => {
  const urls = text.split(',').map((url) => url.trim());
  if (urls.every((url) => httpUrl.safeParse(url).success)) return urls;
  context.addIssue({
    code: 'custom',
    message: 'is not a list of http:// or https:// addresses with commas between',
  });
  return z.NEVER;
});

export const timezone = z.string().refine((name) => {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}, 'is not an IANA time zone such as UTC or Europe/Berlin');

export const plainName = z
  .string()
  .regex(/^[A-Za-z0-9_]+$/, 'is no name of ClickHouse’s configuration: letters, digits and "_"');

export const flag = z
  .enum(['true', 'false'], 'is neither true nor false')
  .transform((text) => text === 'true');

export const share = z
  .string()
  .regex(/^\d*\.?\d+$/, 'is not a number')
  .transform(Number)
  .refine((value) => value <= 1, 'is not between 0 and 1');

export const headerList = z.string().transform((text, context): Readonly<Record<string, string>> => {
  try {
    const pairs = text.split(',').filter((pair) => pair.trim() !== '');
    return Object.fromEntries(
      pairs.map((pair) => {
        const [, name, value] = /^\s*([\w-]+)\s*=(.*)$/.exec(pair) ?? [];
        if (name === undefined || value === undefined) throw new Error('no pair');
        return [name, decodeURIComponent(value.trim())];
      }),
    );
  } catch {
    context.addIssue({ code: 'custom', message: 'is not a list of name=value, percent-encoded' });
    return z.NEVER;
  }
});

export const stageTable = z.string().transform((text, context): StageTable => {
  try {
    const own = z.record(z.string(), z.enum(stages)).parse(JSON.parse(text));
    const byKey = Object.entries(own).map(([name, stage]) => [stageKey(name), stage]);
    return { ...defaultStages, ...Object.fromEntries(byKey) };
  } catch {
    context.addIssue({
      code: 'custom',
      message: `is not a JSON object from stage names to one of ${stages.join(', ')}`,
    });
    return z.NEVER;
  }
});

export const roleList = z.string().transform((text, context) => {
  const names = text === 'none' ? [] : text.split(',').map((name) => name.trim());
  const parsed = z.array(z.enum(roles)).safeParse(names);
  if (parsed.success) return parsed.data;
  context.addIssue({ code: 'custom', message: `is neither none nor a list of ${roles.join(', ')}` });
  return z.NEVER;
});

export const origins = z.string().transform((text, context) => {
  const list = text.split(',').map((one) => one.trim());
  const wrong = list.find((one) => one !== '*' && !isOrigin(one));
  if (text === 'none') return [];
  if (wrong === undefined) return list;
  context.addIssue({
    code: 'custom',
    message: `holds ${JSON.stringify(wrong)}, which is no origin such as https://example.com`,
  });
  return z.NEVER;
});

/** Origins as the policy of a page names them: a host that is none would be read as another rule of it. */
export const framingOrigins = origins.refine(
  (list) => list.every((one) => /^https?:\/\/[\w.-]+(:\d+)?$|^https?:\/\/\[[a-f\d:]+\](:\d+)?$/.test(one)),
  'holds * or another pattern; name each origin, such as https://example.com',
);

function isOrigin(text: string): boolean {
  try {
    return new URL(text).origin === text;
  } catch {
    return false;
  }
}

/** Has no value where the variable is not set. */
export const optional = <T>(parse: z.ZodType<T, string>) => parse as z.ZodType<T | undefined, string>;

/** Secrets with commas or spaces between, none of which a problem repeats. */
export const webhookSecrets = z.string().transform((text, context): readonly string[] => {
  const secrets = text.split(/[\s,]+/).filter((secret) => secret !== '');
  if (secrets.length > 0 && secrets.every((secret) => keyOfSecret(secret) !== undefined)) return secrets;
  context.addIssue({
    code: 'custom',
    message: 'holds a secret of fewer than 24 bytes, or one that begins with whsec_ and is not base64',
  });
  return z.NEVER;
});

/** Some of these names, with commas between, as the enums of the API write them: `COST,CLOSED_WON`. */
export const nameList = <Name extends string>(names: readonly Name[]) =>
  z.string().transform((text, context): readonly Name[] => {
    const known = new Map(names.map((name) => [snakeCase(name).toUpperCase(), name]));
    const given = text.split(',').map((part) => part.trim());
    const found = given.flatMap((part) => known.get(part) ?? []);
    if (found.length === given.length && new Set(found).size === found.length) return found;
    context.addIssue({
      code: 'custom',
      message: `is not a list of different names out of ${[...known.keys()].join(', ')}`,
    });
    return z.NEVER;
  });
