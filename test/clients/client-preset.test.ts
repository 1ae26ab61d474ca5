import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { GraphQLClient } from 'graphql-request';
import { afterAll, beforeAll, expect, expectTypeOf, it } from 'vitest';
import {
  ChannelPerformanceDocument,
  type ChannelPerformanceQueryVariables,
} from '../../schema/generated/graphql.ts';
import type { TestApp } from '../support/app.ts';
import { august, channelFigures, startClientApp } from './channel-question.ts';

// The documents of schema/persisted, with the types that `npm run codegen` gives them: what a TypeScript client imports.

let app: TestApp;
beforeAll(async () => {
  app = await startClientApp();
});
afterAll(() => app.close());

/** Sends a document by the id that codegen gave it. The answer has the document's type. */
async function askById<Data, Variables>(
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables,
): Promise<{ readonly data?: Data; readonly errors?: readonly unknown[] }> {
  const { __meta__: meta } = document as { readonly __meta__?: { readonly hash: string } };
  const address = new URL(`${app.url}/graphql`);
  address.searchParams.set('documentId', meta?.hash ?? '');
  address.searchParams.set('variables', JSON.stringify(variables));
  const response = await fetch(address);
  return (await response.json()) as { data?: Data };
}

it('gives types to what a persisted document answers, asked by its id over GET', async () => {
  const { data } = await askById(ChannelPerformanceDocument, { range: august });
  expectTypeOf(data?.metrics.nodes[0]?.channel).toEqualTypeOf<string | null | undefined>();
  expectTypeOf(data?.metrics.nodes[0]?.clicks).toEqualTypeOf<number | null | undefined>();
  expectTypeOf(data?.metrics.totals.roas).toEqualTypeOf<number | null | undefined>();
  expect(data?.metrics.totals.cost).toBe(115);
  expect(data).toMatchObject({ metrics: channelFigures });
});

it('gives types to graphql-request', async () => {
  const client = new GraphQLClient(`${app.url}/graphql`);
  const { metrics } = await client.request(ChannelPerformanceDocument, { range: august, first: 1 });
  expectTypeOf(metrics.totalCount).toEqualTypeOf<number>();
  expect(metrics.nodes).toMatchObject([channelFigures.nodes[0]]);
});

it('lets the compiler refuse what the server would', async () => {
  // @ts-expect-error: the range is a day from and a day to.
  const variables: ChannelPerformanceQueryVariables = { range: { between: { from: '2025-08-01' } } };
  const { errors } = await askById(ChannelPerformanceDocument, variables);
  expect(errors).toMatchObject([
    { message: expect.stringContaining('"to"'), extensions: { code: 'BAD_USER_INPUT' } },
  ]);
});
