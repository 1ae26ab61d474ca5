import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { openPersistedDocuments } from '../../src/http/persisted-documents.ts';
import { readManifest, sha256 } from '../../src/http/persisted-manifest.ts';

// manifests/*.json are as the tools wrote them: client-preset 6.2.0, relay-compiler 21.0.1, generate-persisted-query-manifest 1.4.0.
const fileOf = (name: string): string => fileURLToPath(new URL(`manifests/${name}.json`, import.meta.url));
const documentsOf = (name: string) =>
  openPersistedDocuments({ trustedOnly: true, automatic: false, manifestFile: fileOf(name) });

describe.each([
  ['client-preset', 'f45851390936a116c203337523dc240fafdd78306b60bac61b2a5d128c4d9f7c'],
  ['relay', '6c17ff295b112b33506d37398f752ea2'],
  ['apollo', '71ed1b7252134ecc5bb93ad6cab9a3e718ada442d410590a65f448a896520bb7'],
])('the manifest of %s', (name, id) => {
  it.each([id, `sha256:${id}`])('has the document %s', async (documentId) => {
    const documents = await documentsOf(name);
    const document = documents.documentOf({ documentId });
    expect(document).toMatch(/query Spend(Query)?\b/);
    expect(documents.isListed(document)).toBe(true);
    // Apollo's clients send ids as a hash.
    const extensions = { persistedQuery: { sha256Hash: documentId } };
    expect(documents.documentOf({ extensions })).toBe(document);
  });
});

it('Apollo’s manifest has its documents by name, too', async () => {
  expect((await documentsOf('apollo')).documentOf({ documentId: 'Catalog' })).toContain('metricCatalog');
});

it('a byte order mark is passed over', () => {
  expect(readManifest('\uFEFF{"a":"{ a }"}', 'own.json').get('a')).toBe('{ a }');
});

it.each([
  ['{', 'It is not JSON.'],
  ['[1]', 'The whole: Invalid input: expected record, received array.'],
  ['{"a":{"b":1}}', 'a: Invalid input: expected string, received object.'],
  [
    '{"format":"apollo-persisted-query-manifest","version":2,"operations":[]}',
    'version: Invalid input: expected 1.',
  ],
  [
    '{"format":"apollo-persisted-query-manifest","version":1,"operations":[{"id":"a","name":"A","type":"query"}]}',
    'operations.0.body: Invalid input: expected string, received undefined.',
  ],
])('%s is refused with what is wrong and what is accepted', (text, problem) => {
  const told = (): unknown => readManifest(text, 'own.json');
  expect(told).toThrow(`own.json is no manifest of persisted documents. ${problem} Give `);
  expect(told).toThrow(/GraphQL Code Generator .* relay-compiler .* Apollo's/);
});

it('an id that stands for two documents, and a document that is none, are refused by name', () => {
  expect(() => readManifest('{"a":"{ a }","sha256:a":"{ b }"}', 'own.json')).toThrow(
    'own.json: the id a stands for two documents.',
  );
  const swapped = JSON.stringify({ '{ a }': sha256('{ a }') });
  expect(() => readManifest(swapped, 'own.json')).toThrow(
    'own.json: the document of { a } is not GraphQL. Syntax Error',
  );
});
