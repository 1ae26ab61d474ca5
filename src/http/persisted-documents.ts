import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { GraphQLError } from 'graphql';
import { LRUCache } from 'lru-cache';
import { UtmqlError } from '../errors.ts';
import { type GraphqlParams, refuse } from './graphql-params.ts';
import { plainId, readManifest, sha256 } from './persisted-manifest.ts';
import { maxDocumentBytes } from './query-limits.ts';

/** The manifest of `schema/persisted`, made by `npm run codegen`. */
const builtInManifest = fileURLToPath(new URL('../../schema/persisted/manifest.json', import.meta.url));

/** Characters of documents that clients have registered. */
const keptCharacters = 5_000_000;

export interface PersistedOptions {
  /** Answer the manifests' documents and nothing else. */
  readonly trustedOnly: boolean;
  /** Whether clients may register documents by their hash. */
  readonly automatic: boolean;
  /** The operator's own manifest, beside the built-in one. */
  readonly manifestFile: string | undefined;
}

/** Knows documents by their ids. */
export interface PersistedDocuments {
  /**
   * The document that a request is for.
   *
   * @throws GraphQLError PERSISTED_QUERY_ONLY, PERSISTED_QUERY_NOT_FOUND, PERSISTED_QUERY_NOT_SUPPORTED or BAD_USER_INPUT
   */
  documentOf(params: GraphqlParams): string;
  /** Returns the document that a manifest has by this id or name; undefined for others, registered ones among them. */
  listed(id: string): string | undefined;
  /** Whether a manifest has this document. */
  isListed(document: string): boolean;
  /** By what a manifest has this document; undefined where none has it. */
  idOf(document: string): string | undefined;
  /** See `PersistedOptions`. */
  readonly trustedOnly: boolean;
}

/** @throws UtmqlError CONFIGURATION when a manifest cannot be read */
export async function openPersistedDocuments(options: PersistedOptions): Promise<PersistedDocuments> {
  const { trustedOnly } = options;
  const automatic = options.automatic && !trustedOnly;
  const manifest = await loadManifest(builtInManifest);
  if (options.manifestFile !== undefined)
    for (const [id, document] of await loadManifest(options.manifestFile)) manifest.set(id, document);
  const registered = new LRUCache<string, string>({
    maxSize: keptCharacters,
    sizeCalculation: (document) => document.length + 64,
  });

  const ids = new Map<string, string>();
  for (const [id, document] of manifest) if (!ids.has(document)) ids.set(document, id);

  return {
    trustedOnly,
    isListed: (document) => ids.has(document),
    idOf: (document) => ids.get(document),
    listed: (id) => manifest.get(plainId(id)),
    documentOf({ query, documentId, extensions }) {
      const sent = extensions?.persistedQuery?.sha256Hash;
      const hash = sent === undefined ? undefined : plainId(sent);
      const id = documentId === undefined || documentId === null ? hash : plainId(documentId);
      const trusted = id === undefined ? undefined : manifest.get(id);
      if (trusted !== undefined) return trusted;
      if (trustedOnly) {
        throw refuse(
          'PERSISTED_QUERY_ONLY',
          'This server answers persisted documents only. Send the `documentId` of one of its manifest.',
        );
      }
      if (typeof query === 'string') {
        if (hash !== undefined) register(query, hash);
        return query;
      }
      if (id === undefined) throw refuse('BAD_USER_INPUT', 'Must provide query string, or a documentId.');
      const known = automatic ? registered.get(id) : undefined;
      if (known !== undefined) return known;
      if (documentId !== undefined && documentId !== null) {
        throw refuse(
          'PERSISTED_QUERY_NOT_FOUND',
          `documentId: there is no document ${JSON.stringify(documentId.slice(0, 80))} in the manifest.`,
        );
      }
      throw automatic ? apolloError('PersistedQueryNotFound') : apolloError('PersistedQueryNotSupported');
    },
  };

  function register(query: string, hash: string): void {
    if (sha256(query) !== hash)
      throw refuse(
        'BAD_USER_INPUT',
        'provided sha does not match query: sha256Hash is that of another document.',
      );
    if (automatic && query.length <= maxDocumentBytes) registered.set(hash, query);
  }
}

async function loadManifest(path: string): Promise<Map<string, string>> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new UtmqlError('CONFIGURATION', `The manifest ${path} cannot be read. Check PERSISTED_MANIFEST.`, {
      cause,
    });
  });
  return readManifest(text, path);
}

/** Apollo's clients know these by their message, and expect status 200. */
const apolloError = (message: 'PersistedQueryNotFound' | 'PersistedQueryNotSupported') => {
  const code =
    message === 'PersistedQueryNotFound' ? 'PERSISTED_QUERY_NOT_FOUND' : 'PERSISTED_QUERY_NOT_SUPPORTED';
  return new GraphQLError(message, { extensions: { code, http: { status: 200 } } });
};
