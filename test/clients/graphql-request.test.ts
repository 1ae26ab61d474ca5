import { ClientError, GraphQLClient } from 'graphql-request';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { TestApp } from '../support/app.ts';
import { august, channelFigures, channelQuestion, startClientApp } from './channel-question.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startClientApp();
});
afterAll(() => app.close());

it.each(['GET', 'POST'] as const)('answers over %s', async (method) => {
  const methods: (string | undefined)[] = [];
  const client = new GraphQLClient(`${app.url}/graphql`, {
    method,
    // Its GET needs to be told how to write variables into the address.
    jsonSerializer: JSON,
    fetch: (input, init) => {
      methods.push(init?.method);
      return fetch(input, init);
    },
  });
  expect(await client.request(channelQuestion, { range: august })).toEqual({ metrics: channelFigures });
  expect(methods).toEqual([method]);
});

it('says what is wrong with an argument, by variable and by value', async () => {
  const client = new GraphQLClient(`${app.url}/graphql`);
  const fail = (variables: object) =>
    client.request(channelQuestion, { range: august, ...variables }).then(
      () => [],
      (error: unknown) => (error instanceof ClientError ? error.response.errors : [error]),
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
