import { z } from 'zod';
import { breakdownLimits } from '../../records/breakdowns.ts';
import { fieldsOf, type RecordKind } from '../../records/contract.ts';
import { mostExtraMeasures } from '../../records/extra-measures.ts';
import { isValueName, valueNameText } from '../../records/named-values.ts';
import { elementPathOf } from './element-path.ts';
import type { RowCondition } from './row-filter.ts';
import { expectedPath, path, pathOf, section } from './setting-types.ts';

const scalar = z.union([z.string(), z.number(), z.boolean()]).transform(String);
const values = z.union([scalar.transform((value) => [value]), z.array(scalar).min(1)]);

const conditionText = 'expected a value, a list of values, or { not: … } with one of these';
const condition = z.union(
  [
    values.transform((list) => ({ values: list, isNegated: false })),
    z.strictObject({ not: values }).transform(({ not }) => ({ values: not, isNegated: true })),
  ],
  conditionText,
);

const fieldPlace = z.union(
  [path, z.strictObject({ concat: z.array(path).min(2), separator: z.string().default('-') })],
  `${expectedPath}; or { concat: [path, path], separator: "-" }`,
);

type WrittenConditions = Readonly<Record<string, Omit<RowCondition, 'place'>>>;

const toConditions = (written: WrittenConditions): readonly RowCondition[] =>
  Object.entries(written).map(([name, rule]) => ({ place: elementPathOf(pathOf(name)), ...rule }));

const deletedText = 'expected columns and the values that they have in deleted rows';

/** @param most names */
const namedPlaces = (most: number) =>
  z
    .record(
      z.string().refine(isValueName, `expected ${valueNameText}`),
      fieldPlace,
      'expected names and paths',
    )
    .refine((written) => Object.keys(written).length <= most, { error: `has more than ${most} names` })
    .default({});

/** Keys of a source that map elements to records. */
export const mappingKeys = {
  fields: z.record(z.string(), fieldPlace, 'expected fields and paths').default({}),
  breakdowns: namedPlaces(breakdownLimits.names),
  extra_measures: namedPlaces(mostExtraMeasures),
  map: z
    .record(
      z.string(),
      z.record(z.string(), scalar, 'expected values and what they become'),
      'expected fields, and for each its values and what they become',
    )
    .default({}),
  where: z
    .record(z.string(), condition, 'expected columns and the values that rows must have')
    .default({})
    .transform(toConditions),
  deleted_when: z
    .record(z.string(), condition, deletedText)
    .refine((written) => Object.keys(written).length > 0, deletedText)
    .transform(toConditions)
    .optional(),
  lookups: z
    .array(
      section({
        file: z.string('expected the path of a CSV file').min(1, 'expected the path of a CSV file'),
        key: z.string('expected a column of the file').min(1, 'expected a column of the file'),
        by: z.string('expected a field of the record'),
        fields: z.record(z.string(), z.string().min(1), 'expected fields and columns of the file'),
      }),
      'expected a list of files with file, key, by and fields',
    )
    .default([]),
  spread: section({ start: path, end: path }).optional(),
  landing_url_field: path.optional(),
};

/** Returns the fields of a kind that accept text. */
export const textFieldsOf = (kind: RecordKind): string[] =>
  fieldsOf(kind).flatMap(([name, { format }]) =>
    format === 'breakdowns' || format === 'measures' ? [] : [name],
  );

/** Returns the names in the settings that are not fields of the kind, with their paths. */
export function unknownFieldsIn(
  settings: {
    readonly map: Readonly<Record<string, unknown>>;
    readonly breakdowns: Readonly<Record<string, unknown>>;
    readonly lookups: readonly { readonly by: string; readonly fields: Readonly<Record<string, string>> }[];
  },
  kind: RecordKind,
): { readonly path: readonly PropertyKey[]; readonly name: string }[] {
  const accepted = new Set(textFieldsOf(kind));
  const named = [
    ...Object.keys(settings.map)
      .filter((name) => !Object.hasOwn(settings.breakdowns, name))
      .map((name) => ({ path: ['map', name] as PropertyKey[], name })),
    ...settings.lookups.flatMap(({ by, fields }, index) => [
      { path: ['lookups', index, 'by'] as PropertyKey[], name: by },
      ...Object.keys(fields).map((name) => ({ path: ['lookups', index, 'fields', name], name })),
    ]),
  ];
  return named.filter(({ name }) => !accepted.has(name));
}
