import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { adsFeed, startTestApp, type TestApp } from '../support/app.ts';

const exported = z.object({
  resourceSpans: z.array(
    z.object({
      resource: z.unknown(),
      scopeSpans: z.array(
        z.object({
          spans: z.array(
            z.looseObject({
              name: z.string(),
              traceId: z.string(),
              spanId: z.string(),
              parentSpanId: z.string().optional(),
            }),
          ),
        }),
      ),
    }),
  ),
});
type ExportedSpan = z.infer<typeof exported>['resourceSpans'][number]['scopeSpans'][number]['spans'][number];

const secret = 'the-collectors-secret';
const traceId = '0af7651916cd43dd8448eb211c80319c';
const callersSpan = 'b7ad6b7169203331';
const ad = { date: '2025-08-01', campaign_id: 'C-1', channel: 'google', clicks: 1, cost: 2 };

const received: string[] = [];
const authorizations = new Set<string | undefined>();
const collector = createServer((request, response) => {
  authorizations.add(request.headers.authorization);
  void request.toArray().then((chunks: Buffer[]) => {
    received.push(Buffer.concat(chunks).toString());
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  });
});
const portOf = (): number => (collector.address() as AddressInfo).port;

let app: TestApp;
let spans: ExportedSpan[];
beforeAll(async () => {
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
  app = await startTestApp({
    environment: {
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${portOf()}/`,
      OTEL_EXPORTER_OTLP_HEADERS: `authorization=Bearer%20${secret}`,
    },
  });
  app.answer({ ads: adsFeed([ad]) });
  const ask = (query: string, headers: Record<string, string>) =>
    fetch(`${app.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ query }),
    }).then((response) => response.text());
  await ask('mutation { triggerIngest(input: { wait: true, sources: ["ads"] }) { runs { status } } }', {});
  await ask(
    `query AnaBerg { metrics(dateRange: { between: { from: "2025-08-01", to: "2025-08-02" } }
      where: { utmCampaign: { eq: "ana@example.com" } }) { nodes { cost } } }`,
    {
      traceparent: `00-${traceId}-${callersSpan}-01`,
      'x-request-id': 'request-of-the-test',
      authorization: 'Bearer callers-secret',
    },
  );
  await app.close();
  spans = received.flatMap((text) =>
    exported
      .parse(JSON.parse(text))
      .resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans)),
  );
});
afterAll(async () => {
  await new Promise((resolve) => collector.close(resolve));
});

const parentOf = (span: ExportedSpan | undefined): ExportedSpan | undefined =>
  spans.find(({ spanId }) => spanId === span?.parentSpanId);

it('a query is followed from its caller through HTTP and GraphQL to ClickHouse', () => {
  const read = spans.find((span) => span.traceId === traceId && span.name === 'clickhouse read');
  const operation = parentOf(read);
  const request = parentOf(operation);
  expect(operation?.name).toBe('graphql query other');
  expect(request?.name).toBe('POST /graphql');
  expect(request?.parentSpanId).toBe(callersSpan);
  expect(JSON.stringify(read)).toContain('request-of-the-test');
});

it('a run belongs to the request that started it, and its inserts to the run', () => {
  const run = spans.find(({ name }) => name === 'ingest run');
  const insert = spans.find((span) => span.name === 'clickhouse insert' && span.parentSpanId === run?.spanId);
  expect(insert).toBeDefined();
  expect(parentOf(run)?.name).toBe('graphql mutation other');
});

it('the collector is given its headers', () => {
  expect([...authorizations]).toEqual([`Bearer ${secret}`]);
});

it('no span holds SQL, secrets, or what a caller sent', () => {
  const text = received.join('\n');
  for (const word of [
    'SELECT',
    'INSERT INTO',
    secret,
    'callers-secret',
    'ana@example.com',
    'AnaBerg',
    'password',
  ])
    expect(text).not.toContain(word);
});

it('a collector that is away disturbs neither answers nor the shutdown', async () => {
  const lonely = await startTestApp({
    // A port that was free a moment ago: whoever may have it by now is no collector.
    environment: { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://127.0.0.1:1/v1/traces' },
  });
  expect((await lonely.query('{ __typename }')).data).toEqual({ __typename: 'Query' });
  await expect(lonely.close()).resolves.toBeUndefined();
});
