import { describe, expect, it } from 'vitest';
import { createDocuments } from '../../src/http/documents.ts';

const limits = { depth: 20, rootFields: 20, aliases: 30 };

describe('documents', () => {
  it('are kept parsed from the second time on that they are asked', () => {
    const documents = createDocuments(limits);
    const first = documents.parse('{ __typename }');
    const second = documents.parse('{ __typename }');
    expect(second).not.toBe(first);
    expect(documents.parse('{ __typename }')).toBe(second);
  });

  it('are parsed anew once the limits have changed', () => {
    const documents = createDocuments(limits);
    documents.parse('{ a: __typename b: __typename }');
    documents.parse('{ a: __typename b: __typename }');
    documents.change({ ...limits, rootFields: 1 });
    expect(() => documents.parse('{ a: __typename b: __typename }')).toThrow(/root|at most 1/i);
  });
});
