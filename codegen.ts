import type { CodegenConfig } from '@graphql-codegen/cli';

/** Types for tests and TypeScript clients, from the printed schema and the persisted documents. */
const config: CodegenConfig = {
  schema: 'schema/schema.graphql',
  documents: 'schema/persisted/*.graphql',
  ignoreNoDocuments: true,
  generates: {
    'schema/generated/': {
      preset: 'client',
      presetConfig: { fragmentMasking: false },
      config: {
        useTypeImports: true,
        enumsAsTypes: true,
        scalars: { LocalDate: 'string', DateTime: 'string', SafeInt: 'number' },
      },
    },
  },
};

export default config;
