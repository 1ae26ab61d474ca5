import { ApolloClient, CombinedGraphQLErrors, gql, HttpLink, InMemoryCache } from '@apollo/client';
import { createPersistedQueryLink } from '@apollo/client/link/persisted-queries';
import { afterEach, expect, it } from 'vitest';
import { sha256 } from '../../src/http/persisted-manifest.ts';
import type { TestApp } from '../support/app.ts';
import { august, channelFigures, channelQuestion, startClientApp } from './channel-question.ts';

let app: TestApp | undefined;
afterEach(() => app?.close());

const query = gql(channelQuestion);

interface Sent {
  readonly method: string;
  /** Which of these the request carried. */
  readonly with: readonly ('document' | 'hash')[];
}

/** Apollo's client with its link for automatic persisted queries, and what it sends. */
async function startClient(environment: Record<string, string>) {
  app = await startClientApp(environment);
  const sent: Sent[] = [];
  const watchedFetch: typeof fetch = (input, init) => {
    const request = `${decodeURIComponent(String(input))} ${typeof init?.body === 'string' ? init.body : ''}`;
    sent.push({
      method: init?.method ?? 'GET',
      with: [
        ...(request.includes('query Channels') ? (['document'] as const) : []),
        ...(request.includes('sha256Hash') ? (['hash'] as const) : []),
      ],
    });
    return fetch(input, init);
  };
  const client = new ApolloClient({
    link: createPersistedQueryLink({ sha256, useGETForHashedQueries: true }).concat(
      new HttpLink({ uri: `${app.url}/graphql`, fetch: watchedFetch }),
    ),
    cache: new InMemoryCache(),
    defaultOptions: { query: { fetchPolicy: 'network-only' } },
  });
  return { client, sent };
}

it('registers a document once, then asks by its hash over GET', async () => {
  const { client, sent } = await startClient({ AUTOMATIC_PERSISTED_QUERIES: 'true' });
  const ask = async () => (await client.query({ query, variables: { range: august } })).data;

  expect(await ask()).toMatchObject({ metrics: channelFigures });
  expect(sent).toEqual([
    { method: 'GET', with: ['hash'] },
    { method: 'POST', with: ['document', 'hash'] },
  ]);
  expect(await ask()).toMatchObject({ metrics: channelFigures });
  expect(sent.slice(2)).toEqual([{ method: 'GET', with: ['hash'] }]);
});

it('falls back to whole documents where the server does not let clients register them', async () => {
  const { client, sent } = await startClient({ AUTOMATIC_PERSISTED_QUERIES: 'false' });
  const { data } = await client.query({ query, variables: { range: august } });
  expect(data).toMatchObject({ metrics: channelFigures });
  expect(sent).toMatchObject([{ with: ['hash'] }, { method: 'POST', with: ['document'] }]);
});

it('says what is wrong with an argument, by variable and by value', async () => {
  const { client } = await startClient({});
  const fail = (variables: object) =>
    client.query({ query, variables: { range: august, ...variables } }).then(
      () => [],
      (error: unknown) => (CombinedGraphQLErrors.is(error) ? error.errors : [error]),
    );
  expect(await fail({ by: ['CHANEL'] })).toMatchObject([
    { message: expect.stringMatching(/"\$by".*"CHANEL".*CHANNEL/s), extensions: { code: 'BAD_USER_INPUT' } },
  ]);
  expect(await fail({ first: 0 })).toMatchObject([
    {
      message: expect.stringMatching(/^first: .*10000/),
      path: ['metrics'],
      extensions: { code: 'BAD_USER_INPUT' },
    },
  ]);
});
