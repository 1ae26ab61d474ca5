import type { CodegenConfig } from '@graphql-codegen/cli';
import { type DocumentNode, Kind } from 'graphql';
import manifest from './schema/persisted/manifest.json' with { type: 'json' };

/** Each document carries its id of `schema/persisted/manifest.json`, to be sent as `documentId`. */
const withIds = {
  fragmentMasking: false,
  onExecutableDocumentNode: ({ definitions }: DocumentNode) => {
    const operation = definitions.find(({ kind }) => kind === Kind.OPERATION_DEFINITION);
    const name = operation && 'name' in operation ? operation.name?.value : undefined;
    return { hash: manifest.operations.find((known) => known.name === name)?.id };
  },
};
const names = {
  useTypeImports: true,
  importExtension: '.ts' as const,
  scalars: { LocalDate: 'string', DateTime: 'string', SafeInt: 'number' },
};

/** Types for tests and TypeScript clients, and for the dashboard, from the printed schema and the persisted documents. */
const config: CodegenConfig = {
  schema: 'schema/schema.graphql',
  generates: {
    'schema/generated/': {
      documents: 'schema/persisted/*.graphql',
      preset: 'client',
      presetConfig: withIds,
      config: names,
    },
    'schema/generated/dashboard/': {
      documents: 'schema/persisted/dashboard/*.graphql',
      preset: 'client',
      presetConfig: withIds,
      // Its documents travel to the browser: as text they are short, and nothing there reads their syntax.
      config: { ...names, documentMode: 'string', scalars: { ...names.scalars, JSON: 'unknown' } },
    },
  },
};

export default config;
