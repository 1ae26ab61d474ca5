import type { CodegenConfig } from '@graphql-codegen/cli';
import { type DocumentNode, print } from 'graphql';
import { sha256 } from './src/http/persisted-manifest.ts';

/** Types for tests and TypeScript clients, from the printed schema and the persisted documents. */
const config: CodegenConfig = {
  schema: 'schema/schema.graphql',
  documents: 'schema/persisted/*.graphql',
  generates: {
    'schema/generated/': {
      preset: 'client',
      presetConfig: {
        fragmentMasking: false,
        // Each document carries its id of `schema/persisted/manifest.json`, to be sent as `documentId`.
        onExecutableDocumentNode: (document: DocumentNode) => ({ hash: sha256(print(document)) }),
      },
      config: {
        useTypeImports: true,
        importExtension: '.ts',
        scalars: { LocalDate: 'string', DateTime: 'string', SafeInt: 'number' },
      },
    },
  },
};

export default config;
