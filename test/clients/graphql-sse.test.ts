import { createClient } from 'graphql-sse';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { TestApp } from '../support/app.ts';
import { august, channelFigures, channelQuestion, startClientApp } from './channel-question.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startClientApp();
});
afterAll(() => app.close());

/** All results of one operation over `text/event-stream`, in the protocol's distinct-connections mode. */
async function ask(variables: Record<string, unknown>) {
  const client = createClient({ url: `${app.url}/graphql`, retryAttempts: 0 });
  const results: unknown[] = [];
  for await (const result of client.iterate({ query: channelQuestion, variables })) results.push(result);
  client.dispose();
  return results;
}

it('streams one result and completes, also from the cache', async () => {
  expect(await ask({ range: august })).toEqual([{ data: { metrics: channelFigures } }]);
  expect(await ask({ range: august })).toEqual([{ data: { metrics: channelFigures } }]);
});

it('says what is wrong with an argument, by variable and by value', async () => {
  expect(await ask({ range: august, by: ['CHANEL'] })).toMatchObject([
    {
      errors: [
        {
          message: expect.stringMatching(/"\$by".*"CHANEL".*CHANNEL/s),
          extensions: { code: 'BAD_USER_INPUT' },
        },
      ],
    },
  ]);
  expect(await ask({ range: august, first: 0 })).toMatchObject([
    {
      errors: [
        {
          message: expect.stringMatching(/^first: .*10000/),
          path: ['metrics'],
          extensions: { code: 'BAD_USER_INPUT' },
        },
      ],
    },
  ]);
});
