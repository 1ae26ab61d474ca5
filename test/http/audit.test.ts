import { serverAudits } from 'graphql-http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';

let app: TestApp | undefined;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app?.close());

describe('the GraphQL-over-HTTP audits of graphql-http', () => {
  for (const audit of serverAudits({ url: () => `${app?.url}/graphql` })) {
    it(`${audit.id} ${audit.name}`, async () => {
      const result = await audit.fn();
      expect(result.status === 'ok' ? 'ok' : result.reason).toBe('ok');
    });
  }
});
