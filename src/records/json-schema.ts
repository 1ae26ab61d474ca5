import { breakdownLimits } from './breakdowns.ts';
import { contracts, deletionOf, fieldsOf, type RecordKind } from './contract.ts';
import { currentSchemaVersion, type Field, type FieldFormat, formatTypes } from './contract-field.ts';
import { metadataLimits } from './event-metadata.ts';
import { mostExtraMeasures } from './extra-measures.ts';
import { missingValueWords } from './missing-values.ts';
import { valueNameSource } from './named-values.ts';
import { maxTextLength } from './text.ts';

/** A JSON Schema, or the keywords of one. */
export type JsonSchema = Readonly<Record<string, unknown>>;

const major = Number.parseInt(currentSchemaVersion, 10);
// A larger whole number loses its last digits in JSON, so it must be a string.
const safe = { minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER };
const name = { maxLength: maxTextLength, ...safe };
/** The usual words for a missing value, in any case. */
const gap = missingValueWords.map((word) => anyCase(word.replace(/[()]/g, String.raw`\$&`))).join('|');
// A currency may precede or follow the digits. A source can have its own notation.
const unit = String.raw`([A-Za-z]{0,3}[^\d\s.,;:]{1,3}\.?\s*)?`;
const figure = String.raw`${unit}[+−-]?\(?${unit}[+−-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*${unit}-?\)?|${gap}`;
const time = String.raw`([Tt]|,?\s{1,2})\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?(\s?[AaPp]\.?[Mm]\.?)?\s?([Zz]|[Uu][Tt][Cc]|[Gg][Mm][Tt]|[+-]\d{2}(:?\d{2})?)?`;
const date = String.raw`(\d{4}-\d{2}-\d{2}|\d{4}/\d{2}/\d{2})(${time})?`;
const instant = {
  // Epoch milliseconds. The last form is for sources that say whether they mean MM/DD/YYYY or DD/MM/YYYY.
  pattern: String.raw`${date}|\d{12,14}|\d{1,2}/\d{1,2}/\d{4}(${time})?|${gap}`,
  minimum: Date.UTC(1999, 11, 31),
  exclusiveMaximum: Date.UTC(2149, 0, 2),
};

/**
 * The rules for the value of a field beyond its type. A pattern applies to the text without surrounding white space. The rules
 * are broad: whatever a normaliser accepts is valid, with or without a repair.
 */
const keywords: Readonly<Record<FieldFormat, { readonly pattern?: string } & JsonSchema>> = {
  version: {
    pattern: String.raw`0*${major}(\.\d+){0,2}`,
    minimum: major,
    exclusiveMaximum: major + 1,
  },
  identifier: name,
  label: name,
  text: safe,
  day: instant,
  instant,
  // A negative count becomes 0, even if it is not whole.
  count: {
    pattern: figure,
    maximum: Number.MAX_SAFE_INTEGER,
    anyOf: [{ type: ['integer', 'string', 'null'] }, { maximum: 0 }],
  },
  money: { pattern: figure, exclusiveMaximum: 1e12 },
  quantity: { pattern: figure, exclusiveMaximum: 1e12 },
  rate: { pattern: figure, exclusiveMinimum: 0, maximum: 1e18 },
  currency: { pattern: `[A-Za-z]{3}|${gap}` },
  object: { maxProperties: metadataLimits.keys },
  breakdowns: {
    maxProperties: breakdownLimits.names,
    propertyNames: { pattern: valueNameSource },
    additionalProperties: { type: formatTypes.label, ...name },
  },
  measures: {
    maxProperties: mostExtraMeasures,
    propertyNames: { pattern: valueNameSource },
    additionalProperties: {
      type: formatTypes.quantity,
      pattern: String.raw`^\s*(${figure})?\s*$`,
      exclusiveMaximum: 1e12,
    },
  },
  flag: { pattern: `${anyCase('true|false|yes|no')}|[01]|${gap}`, minimum: 0, maximum: 1, multipleOf: 1 },
};

/** Returns the JSON Schema (draft 2020-12) of one kind of record. */
export function jsonSchemaOf(kind: RecordKind): JsonSchema {
  const { title, description, examples } = contracts[kind];
  const fields = fieldsOf(kind);
  const deletion = deletionOf(kind);
  const always = fields.filter(([field]) => deletion?.reads.includes(field) ?? true);
  const others = fields.filter((field) => !always.includes(field));
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: `urn:utmql:record:${fileNameOf(kind)}:${currentSchemaVersion}`,
    title,
    description: `${description} Other fields are stored with the record and counted. They are never an error.`,
    type: 'object',
    properties: {
      ...propertiesOf(always),
      ...Object.fromEntries(others.map(([field, { description: told }]) => [field, { description: told }])),
    },
    ...(deletion !== undefined && { if: deleted(deletion.flag), else: { properties: propertiesOf(others) } }),
    required: fields.filter(([, { required }]) => required).map(([field]) => field),
    additionalProperties: true,
    examples,
  };
}

/** Returns the file name of a kind: `ad_performance` → `ad-performance`. */
export const fileNameOf = (kind: RecordKind): string => kind.replaceAll('_', '-');

const propertiesOf = (fields: ReturnType<typeof fieldsOf>): JsonSchema =>
  Object.fromEntries(fields.map(([field, definition]) => [field, schemaOf(definition)]));

/** Returns the schema of a record whose `flag` is set. */
const deleted = (flag: string): JsonSchema => ({
  properties: {
    [flag]: {
      anyOf: [
        { const: true },
        { const: 1 },
        { type: 'string', pattern: String.raw`^\s*(${anyCase('true|yes')}|1)\s*$` },
      ],
    },
  },
  required: [flag],
});

function schemaOf({ format, description, required, maxLength }: Field): JsonSchema {
  const { pattern, ...others } = keywords[format];
  return {
    description,
    type: formatTypes[format].filter((type) => !(required && type === 'null')),
    ...(pattern === undefined
      ? required && { pattern: String.raw`\S` }
      : { pattern: String.raw`^\s*(${pattern})${required ? '' : '?'}\s*$` }),
    ...others,
    ...(maxLength === undefined ? {} : { maxLength }),
  };
}

/** Returns a pattern that matches lower-case words in any case: JSON Schema has no flag for it. */
function anyCase(words: string): string {
  return words.replace(/[a-z]/g, (letter) => `[${letter.toUpperCase()}${letter}]`);
}
