import { type AnyVariables, Client, fetchExchange, gql } from '@urql/core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { TestApp } from '../support/app.ts';
import { august, channelFigures, channelQuestion, startClientApp } from './channel-question.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startClientApp();
});
afterAll(() => app.close());

const query = gql<{ metrics: typeof channelFigures }, AnyVariables>(channelQuestion);

const startClient = (options: { preferGetMethod: 'force' | false; fetch?: typeof fetch }) =>
  new Client({ url: `${app.url}/graphql`, exchanges: [fetchExchange], ...options });

it.each([
  { method: 'GET', preferGetMethod: 'force' } as const,
  { method: 'POST', preferGetMethod: false } as const,
])('answers over $method', async ({ method, preferGetMethod }) => {
  const methods: (string | undefined)[] = [];
  const client = startClient({
    preferGetMethod,
    fetch: (input, init) => {
      methods.push(init?.method);
      return fetch(input, init);
    },
  });
  const result = await client.query(query, { range: august }).toPromise();
  expect(result.error).toBeUndefined();
  expect(result.data).toEqual({ metrics: channelFigures });
  expect(methods).toEqual([method]);
});

it('says what is wrong with an argument, by variable and by value', async () => {
  const fail = async (variables: object) => {
    const { error } = await startClient({ preferGetMethod: false })
      .query(query, { range: august, ...variables })
      .toPromise();
    return error?.graphQLErrors;
  };
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
