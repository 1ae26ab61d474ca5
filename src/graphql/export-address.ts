import {
  astFromValue,
  type FieldNode,
  type GraphQLField,
  type GraphQLSchema,
  Kind,
  type OperationDefinitionNode,
  valueFromASTUntyped,
} from 'graphql';
import { type ExportColumn, type ExportFormat, exportFormats } from '../metrics/export.ts';
import { enumNameOf } from './breakdowns.ts';
import { builder, enumValues, toEnumName } from './builder.ts';
import type { PersistedForm } from './export-form.ts';

/** Where files of figures are. */
export const exportPath = '/export/metrics';

/** Arguments of `metrics` that say which page: a file has all rows. */
export const pageArgumentNames: ReadonlySet<string> = new Set(['first', 'after']);

const descriptions: Readonly<Record<ExportFormat, string>> = {
  csv: 'Comma-separated values with a header, as spreadsheets read them.',
  ndjson: 'One JSON object a line.',
  parquet: 'Apache Parquet.',
  arrow: 'A stream of Apache Arrow.',
};

export const ExportFormatEnum = builder.enumType('ExportFormat', {
  description: 'The format of an exported file.',
  values: enumValues(exportFormats, (name) => descriptions[name]),
});

/** The field `metrics` of a schema, which has a model's own dimensions and measures. */
export function fieldIn(schema: GraphQLSchema): GraphQLField<unknown, unknown> {
  const field = schema.getQueryType()?.getFields().metrics;
  if (field === undefined) throw new Error('the schema lacks metrics');
  return field;
}

/** The field of an operation that can be exported: one that asks for `metrics` and nothing else. */
export function exportedField(operation: OperationDefinitionNode | undefined): FieldNode | undefined {
  if (operation?.operation !== 'query') return undefined;
  const [only, ...others] = operation.selectionSet.selections;
  return others.length === 0 && only?.kind === Kind.FIELD && only.name.value === 'metrics' ? only : undefined;
}

/** The path of the file of all rows that a persisted document asks for. */
export function documentAddress(format: ExportFormat, { documentId, variables }: PersistedForm): string {
  const search = new URLSearchParams({ format, documentId });
  if (Object.keys(variables).length > 0) search.set('variables', JSON.stringify(variables));
  return `${exportPath}?${search}`;
}

/** The path of the file of all rows of a `metrics` field, by its arguments. */
export function argumentsAddress(
  format: ExportFormat,
  {
    field,
    args,
    shown,
    isCompared,
  }: {
    readonly field: GraphQLField<unknown, unknown>;
    /** As graphql-js hands them over. */
    readonly args: Readonly<Record<string, unknown>>;
    readonly shown: readonly ExportColumn[];
    readonly isCompared: boolean;
  },
): string {
  const search = new URLSearchParams({ format });
  for (const { name, type, defaultValue } of field.args) {
    const node = pageArgumentNames.has(name) ? undefined : astFromValue(args[name], type);
    const value: unknown = node && valueFromASTUntyped(node);
    if (value === undefined || value === null) continue;
    const usual = astFromValue(defaultValue, type);
    if (usual && JSON.stringify(valueFromASTUntyped(usual)) === JSON.stringify(value)) continue;
    search.set(name, textOf(value));
  }
  const figures = shown.filter((column) => 'measure' in column);
  const measures = new Set(figures.map(({ measure }) => enumNameOf(measure)));
  if (measures.size > 0) search.set('measures', [...measures].join(','));
  const kinds = new Set(figures.map(({ of }) => toEnumName(of)));
  if (isCompared && kinds.size > 0) search.set('figures', [...kinds].join(','));
  return `${exportPath}?${search}`;
}

/** Names as a list with commas, whatever has parts as JSON. */
function textOf(value: unknown): string {
  if (!Array.isArray(value)) return typeof value === 'object' ? JSON.stringify(value) : String(value);
  const isPlain = value.every((item) => typeof item === 'string' && /^\w+$/.test(item));
  return isPlain ? value.join(',') : JSON.stringify(value);
}
