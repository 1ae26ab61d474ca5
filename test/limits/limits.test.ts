import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { expect, it } from 'vitest';
import { createLimits } from '../../src/limits/limits.ts';

const answer = (): ServerResponse => new ServerResponse(new IncomingMessage(new Socket()));

it('tells each budget in the fields of the draft, and changes all limits at once', async () => {
  const settings = { requestsPerMinute: 2, pushesPerMinute: 5, costPerMinute: 100, concurrency: 1 };
  const refused: string[] = [];
  const limits = createLimits(settings, (limit) => refused.push(limit));
  const response = answer();
  await limits.countRequest('requests', 'a', response);
  await limits.checkCost('a', response);
  expect(response.getHeader('RateLimit-Policy')).toEqual(['"requests";q=2;w=60', '"cost";q=100;w=60']);
  expect(response.getHeader('RateLimit')).toEqual(['"requests";r=1;t=60', '"cost";r=100;t=0']);

  await limits.countRequest('requests', 'a', answer());
  await limits.spend('a', 150);
  await expect(limits.countRequest('requests', 'a', answer())).rejects.toMatchObject({
    code: 'RATE_LIMITED',
    retryAfterSeconds: 60,
  });
  await expect(limits.checkCost('a', answer())).rejects.toMatchObject({ code: 'RATE_LIMITED' });
  await limits.takeTurn('a', 'subscription');
  await expect(limits.takeTurn('a', 'subscription')).rejects.toMatchObject({ retryAfterSeconds: 1 });
  await limits.countRequest('pushes', 'a', answer());
  expect(refused).toEqual(['requests', 'cost', 'concurrency']);

  limits.change({ requestsPerMinute: 10, pushesPerMinute: 10, costPerMinute: 1_000, concurrency: 5 });
  await limits.countRequest('requests', 'a', answer());
  await limits.checkCost('a', answer());
});
