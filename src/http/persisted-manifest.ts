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

/** What GraphQL Code Generator (`persistedDocuments`) and relay-compiler (`persistConfig`) write: from id to document. */
const plainManifest = z.record(z.string().min(1), z.string().min(1));

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** An id as it is looked up. `sha256:` tells how it was made, in manifests of GraphQL Code Generator and in the GraphQL-over-HTTP draft. */
export const plainId = (id: string): string => id.replace(/^sha256:/, '');

/**
 * A manifest file → documents by plain id, and by operation name where it gives names.
 *
 * @throws UtmqlError CONFIGURATION when it is neither Apollo's format nor an object from id to document, when an id stands for
 *   two documents, or when a document is not GraphQL
 */
export function readManifest(text: string, place: string): Map<string, string> {
  const { entries, names } = entriesOf(text, place);
  const documents = new Map<string, string>();
  for (const [givenId, body] of entries) {
    const id = plainId(givenId);
    const other = documents.get(id);
    if (other !== undefined && other !== body)
      throw new UtmqlError('CONFIGURATION', `${place}: the id ${id.slice(0, 80)} stands for two documents.`);
    checkSyntax(body, id, place);
    documents.set(id, body);
  }
  // An id counts more than the name of another document.
  for (const [name, body] of names) if (!documents.has(name)) documents.set(name, body);
  return documents;
}

interface ManifestEntries {
  readonly entries: readonly (readonly [id: string, body: string])[];
  readonly names: readonly (readonly [name: string, body: string])[];
}

function entriesOf(text: string, place: string): ManifestEntries {
  let json: unknown;
  try {
    json = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (cause) {
    throw noManifest(place, 'It is not JSON.', cause);
  }
  if (typeof json === 'object' && json !== null && ('format' in json || 'operations' in json)) {
    const apollo = apolloManifest.safeParse(json);
    if (!apollo.success) throw noManifest(place, problemOf(apollo.error), apollo.error);
    const { operations } = apollo.data;
    return {
      entries: operations.map(({ id, body }) => [id, body]),
      names: operations.map(({ name, body }) => [name, body]),
    };
  }
  const plain = plainManifest.safeParse(json);
  if (!plain.success) throw noManifest(place, problemOf(plain.error), plain.error);
  return { entries: Object.entries(plain.data), names: [] };
}

const problemOf = ({ issues: [issue] }: z.ZodError): string =>
  `${issue?.path.join('.') || 'The whole'}: ${issue?.message ?? 'invalid'}.`;

const noManifest = (place: string, problem: string, cause: unknown): UtmqlError =>
  new UtmqlError(
    'CONFIGURATION',
    `${place} is no manifest of persisted documents. ${problem} Give an object from id to document, as GraphQL Code Generator (persistedDocuments) and relay-compiler (persistConfig) write it, or Apollo's {"format": "apollo-persisted-query-manifest", "version": 1, "operations": [{"id", "name", "type", "body"}]}.`,
    { cause },
  );

function checkSyntax(body: string, id: string, place: string): void {
  try {
    parse(body);
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : '';
    throw new UtmqlError(
      'CONFIGURATION',
      `${place}: the document of ${id.slice(0, 80)} is not GraphQL. ${problem}`,
      {
        cause,
      },
    );
  }
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
