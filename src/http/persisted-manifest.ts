import { createHash } from 'node:crypto';
import {
  type DefinitionNode,
  type FragmentDefinitionNode,
  type GraphQLSchema,
  Kind,
  type OperationDefinitionNode,
  parse,
  print,
  validate,
  visit,
} from 'graphql';
import { z } from 'zod';
import { UtmqlError } from '../errors.ts';

/** Apollo's manifest format, which clients' tools read, too: `generatePersistedQueryIdsFromManifest`. */
const apolloManifest = z.object({
  format: z.literal('apollo-persisted-query-manifest'),
  version: z.literal(1),
  operations: z.array(
    z.object({
      /** SHA-256 of `body`, hex. */
      id: z.string().min(1),
      name: z.string().min(1),
      type: z.enum(['query', 'mutation', 'subscription']),
      body: z.string().min(1),
    }),
  ),
});
export type PersistedManifest = z.infer<typeof apolloManifest>;

/** GraphQL Code Generator's `persistedDocuments`: from hash to document. */
const plainManifest = z.record(z.string(), z.string().min(1));

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/**
 * A manifest file → documents by id, and by operation name where it gives names.
 *
 * @throws UtmqlError CONFIGURATION when it is neither Apollo's format nor an object from id to document
 */
export function readManifest(text: string, place: string): Map<string, string> {
  const documents = new Map<string, string>();
  try {
    const json: unknown = JSON.parse(text);
    const apollo = apolloManifest.safeParse(json);
    if (apollo.success) {
      for (const { id, name, body } of apollo.data.operations) documents.set(name, body).set(id, body);
    } else {
      for (const [id, body] of Object.entries(plainManifest.parse(json))) documents.set(id, body);
    }
  } catch (cause) {
    throw new UtmqlError(
      'CONFIGURATION',
      `${place} is no manifest of persisted documents: give Apollo's format, or an object from id to document.`,
      { cause },
    );
  }
  return documents;
}

/**
 * Documents → manifest. Each operation becomes one entry, together with the fragments that it spreads, from any file.
 *
 * @param files document texts by file name
 * @throws Error that names the file and what is wrong with it
 */
export function compileManifest(
  files: Readonly<Record<string, string>>,
  schema: GraphQLSchema,
): PersistedManifest {
  const fragments = new Map<string, FragmentDefinitionNode>();
  const operations = new Map<string, { readonly file: string; readonly node: OperationDefinitionNode }>();
  for (const [file, text] of Object.entries(files)) {
    for (const node of parse(text).definitions) {
      const name = 'name' in node ? node.name?.value : undefined;
      if (name === undefined) throw new Error(`${file}: give the operation a name.`);
      if (operations.has(name) || fragments.has(name)) throw new Error(`${file}: ${name} exists twice.`);
      if (node.kind === Kind.OPERATION_DEFINITION) operations.set(name, { file, node });
      else if (node.kind === Kind.FRAGMENT_DEFINITION) fragments.set(name, node);
      else throw new Error(`${file}: ${node.kind} has no place in a persisted document.`);
    }
  }
  return {
    format: 'apollo-persisted-query-manifest',
    version: 1,
    operations: [...operations]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, { file, node }]) => {
        const document = { kind: Kind.DOCUMENT, definitions: withFragments(node, fragments) } as const;
        const [error] = validate(schema, document);
        if (error) throw new Error(`${file}: ${error.message}`);
        const body = print(document);
        return { id: sha256(body), name, type: node.operation, body };
      }),
  };
}

function withFragments(
  operation: OperationDefinitionNode,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
): DefinitionNode[] {
  const used = new Set<FragmentDefinitionNode>();
  const collect = (node: DefinitionNode): void => {
    visit(node, {
      FragmentSpread({ name }) {
        const fragment = fragments.get(name.value);
        if (fragment === undefined || used.has(fragment)) return;
        used.add(fragment);
        collect(fragment);
      },
    });
  };
  collect(operation);
  return [operation, ...used];
}
