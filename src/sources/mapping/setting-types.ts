import { z } from 'zod';

/** A schema of an object with these keys and no others. Its message lists the keys, for the problem's text. */
export const section = <Shape extends z.core.$ZodLooseShape>(shape: Shape) =>
  z.strictObject(shape, {
    error: ({ code }) =>
      code === 'unrecognized_keys' ? Object.keys(shape).join(' ') : 'expected keys and values',
  });

/** Splits a dotted path into keys. A name such as `Impr.` is one key. */
export const pathOf = (dotted: string): string[] => {
  const keys = dotted.split('.');
  return keys.includes('') ? [dotted] : keys;
};

export const expectedPath = 'expected a path such as data.items, or a list of keys';
export const path = z.union(
  [z.string().min(1).transform(pathOf), z.array(z.string().min(1)).min(1)],
  expectedPath,
);

export const textSetting = (expected: string) => z.string(expected).min(1, expected);

export const oneOf = <const Values extends readonly string[]>(values: Values) =>
  z.enum(
    values,
    `accepted: ${values.map((value) => (/\w/.test(value) ? value : JSON.stringify(value))).join(', ')}`,
  );

/** A number, or text of one: environment variables are text. */
export const numberSetting = (expected: string, holds: (value: number) => boolean) =>
  z
    .union(
      [
        z.number(),
        z
          .string()
          .regex(/^\d+(\.\d+)?$/)
          .transform(Number),
      ],
      expected,
    )
    .refine(holds, expected);

export const integerSetting = (min: number, max: number) =>
  numberSetting(
    `expected a whole number from ${min} to ${max}`,
    (value) => Number.isInteger(value) && value >= min && value <= max,
  );

export const scalars = (expected: string) =>
  z.record(z.string(), z.union([z.string(), z.number(), z.boolean()], expected).transform(String), expected);
