import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.close());
it('smoke', async () => {
  const r = await app.query('mutation { ingestEvents(input: {records: [{message: "hi", metadata: {a: [1]}}, {timestamp: "2025-01-01T00:00:00Z"}, {timestamp: "xx"}]}) { accepted rejected stored runId rejects { id position reason field detail } repairsByKind { name count } } }');
  console.log(JSON.stringify(r));
  const e = await app.query('{ events(first: 1) { totalCount nodes { id timestamp message metadata service utmCampaign extra } pageInfo { endCursor hasNextPage } } }');
  console.log(JSON.stringify(e));
  const x = await app.query('{ rejectedRecords { totalCount nodes { id runId position record reason detail rejectedAt kind source requestId } } }');
  console.log(JSON.stringify(x));
  const id = x.data.rejectedRecords.nodes[0].id;
  console.log(JSON.stringify(await app.query('mutation($ids: [ID!]) { retryRejectedRecords(input: {ids: $ids, patch: {timestamp: "2025-01-02T00:00:00Z"}}) { accepted rejected records { id accepted reason detail } } }', {ids: [id]})));
  console.log(JSON.stringify(await app.query('{ rejectedRecords { totalCount } events { totalCount nodes { id timestamp }} }')));
});
