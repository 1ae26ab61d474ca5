import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { adsFeed, startTestApp, type TestApp } from '../support/app.ts';

const rows = Array.from({ length: 60 }, (_, index) => ({
  date: '2025-08-01',
  campaign_id: `C-${1000 + index}`,
  channel: 'google_ads',
  clicks: index,
  impressions: 100,
  cost: 1.5,
}));
const range = 'dateRange: { between: { from: "2025-08-01", to: "2025-08-01" } }';
const long = `{ metrics(${range}, groupBy: [CAMPAIGN_ID], first: 60) { nodes { campaignId clicks cost } } }`;
const short = `{ metrics(${range}) { totals { clicks } } }`;

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
  app.answer({ ads: adsFeed(rows) });
  await app.pull();
});
afterAll(() => app.close());

interface Got {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly wire: Buffer;
  readonly text: string;
}

/** Sends a request of which nothing decodes the answer. */
async function ask(path: string, headers: Record<string, string> = {}, body?: string): Promise<Got> {
  const response = await request(`${app.url}${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers,
    ...(body !== undefined && { body }),
  });
  const wire = Buffer.from(await response.body.arrayBuffer());
  const coding = response.headers['content-encoding'];
  const plain = coding === 'br' ? brotliDecompressSync(wire) : coding === 'gzip' ? gunzipSync(wire) : wire;
  return { status: response.statusCode, headers: response.headers, wire, text: plain.toString() };
}
const get = (query: string, headers: Record<string, string> = {}): Promise<Got> =>
  ask(`/graphql?${new URLSearchParams({ query })}`, headers);
const post = (query: string, headers: Record<string, string> = {}): Promise<Got> =>
  ask('/graphql', { 'content-type': 'application/json', ...headers }, JSON.stringify({ query }));
const accepts = (coding: string) => ({ 'accept-encoding': coding });

describe('GraphQL', () => {
  it.each([
    'br',
    'gzip',
  ])('answers in %s, with GET and POST, the same text in fewer bytes', async (coding) => {
    const plain = await get(long);
    expect(JSON.parse(plain.text).data.metrics.nodes).toHaveLength(60);
    expect(plain.headers['content-encoding']).toBeUndefined();
    for (const { status, headers, wire, text } of [
      await get(long, accepts(coding)),
      await post(long, accepts(coding)),
    ]) {
      expect([status, headers['content-encoding'], headers['content-length']]).toEqual([
        200,
        coding,
        String(wire.length),
      ]);
      expect(headers['content-type']).toContain('json');
      expect(text).toBe(plain.text);
      expect(wire.length).toBeLessThan(plain.wire.length / 3);
    }
  });

  it('says in Vary that another caller may get another coding', async () => {
    for (const headers of [{}, accepts('gzip')]) {
      expect(String((await get(long, headers)).headers.vary)).toContain('Accept-Encoding');
      expect(String((await post(long, headers)).headers.vary)).toContain('Accept-Encoding');
    }
  });

  it('leaves short answers as they are, unless that is refused', async () => {
    const plain = await get(short, accepts('br, gzip'));
    expect(plain.headers['content-encoding']).toBeUndefined();
    expect(plain.text).toContain('"clicks":1770');
    const refused = await get(short, accepts('gzip, identity;q=0'));
    expect([refused.headers['content-encoding'], refused.text]).toEqual(['gzip', plain.text]);
  });

  it('each coding has a validator of its own, and 304 answers that one alone', async () => {
    const etags = await Promise.all(
      ['identity', 'gzip', 'br'].map(async (coding) => (await get(long, accepts(coding))).headers.etag),
    );
    expect(new Set(etags).size).toBe(3);
    const [plain, gzip, br] = etags.map(String);
    for (const [coding, known, status] of [
      ['br', br, 304],
      ['br', `W/${br}`, 304],
      ['gzip', `"other", ${gzip}`, 304],
      ['identity', plain, 304],
      ['identity', br, 200],
      ['gzip', br, 200],
      ['br', plain, 200],
    ] as const) {
      const got = await get(long, { ...accepts(coding), 'if-none-match': known ?? '' });
      expect([coding, known, got.status]).toEqual([coding, known, status]);
      if (status === 304) {
        expect([got.wire.length, got.headers['content-encoding']]).toEqual([0, undefined]);
        expect(String(got.headers.vary)).toContain('Accept-Encoding');
      }
    }
  });

  it('compresses what no cache has: errors, mutations, what the audit log notes', async () => {
    const wrong = Array.from({ length: 30 }, (_, index) => `wrong${index}`).join(' ');
    const before = await post(`{ ${wrong} }`);
    expect(before.wire.length).toBeGreaterThan(1_000);
    const errors = await post(`{ ${wrong} }`, accepts('br'));
    expect([errors.status, errors.headers['content-encoding'], errors.text]).toEqual([
      before.status,
      'br',
      before.text,
    ]);
    const records = rows.map(({ campaign_id: id }) => `{ date: "never", campaignId: "${id}", channel: "x" }`);
    const mutation = `mutation { ingestAdPerformance(input: { records: [${records.join(' ')}] }) { rejects { id } rejected } }`;
    const pushed = await post(mutation, accepts('gzip'));
    expect([pushed.headers['content-encoding'], JSON.parse(pushed.text)]).toMatchObject([
      'gzip',
      { data: { ingestAdPerformance: { rejected: 60 } } },
    ]);
    const noted = await post('{ auditLog { nodes { at action outcome requestId } } }', accepts('br'));
    expect(JSON.parse(noted.text)).not.toHaveProperty('errors');
  });

  it('a mutation by GET is refused as before', async () => {
    const refused = await get('mutation { cancelIngest(id: "x") { id } }', accepts('br'));
    expect([refused.status, refused.headers.allow, JSON.parse(refused.text)]).toMatchObject([
      405,
      'POST',
      { errors: [{ extensions: { code: 'BAD_REQUEST' } }] },
    ]);
  });

  it('events of a subscription are not compressed', async () => {
    const id = '019837c2-1b6e-7000-8000-000000000000';
    const answer = await post(`subscription { ingestRun(id: "${id}") { id } }`, {
      accept: 'text/event-stream',
      ...accepts('br, gzip, identity;q=0'),
    });
    expect(answer.headers['content-type']).toContain('text/event-stream');
    expect(answer.headers['content-encoding']).not.toBeOneOf(['br', 'gzip']);
    expect(answer.text).toContain('NOT_FOUND');
    const query = await post(long, { accept: 'text/event-stream', ...accepts('br') });
    expect([query.headers['content-encoding'], query.text]).toEqual([
      undefined,
      expect.stringContaining('event: next'),
    ]);
  });
});

describe('other endpoints', () => {
  it('/schema.graphql', async () => {
    const plain = await ask('/schema.graphql');
    const answer = await ask('/schema.graphql', accepts('gzip, br'));
    expect([answer.headers['content-encoding'], answer.text]).toEqual(['br', plain.text]);
    expect(answer.wire.length).toBeLessThan(plain.wire.length / 4);
    expect(answer.headers.etag).not.toBe(plain.headers.etag);
    const same = await ask('/schema.graphql', {
      ...accepts('br'),
      'if-none-match': String(answer.headers.etag),
    });
    expect(same.status).toBe(304);
  });

  it('pushes, whose answers tell of many rejects', async () => {
    const body = rows.map((row) => `${JSON.stringify({ ...row, date: 'never' })}\n`).join('');
    const type = { 'content-type': 'application/x-ndjson' };
    const answer = await ask('/ingest/ad-performance', { ...type, ...accepts('gzip') }, body);
    expect([answer.status, answer.headers['content-encoding'], JSON.parse(answer.text)]).toMatchObject([
      422,
      'gzip',
      { rejected: 60 },
    ]);
    const event = JSON.stringify({ service: 'shop', message: 'hello' });
    const short = await ask('/events', { 'content-type': 'application/json', ...accepts('gzip') }, event);
    expect([short.status, short.headers['content-encoding']]).toEqual([202, undefined]);
  });

  it('/healthz stays as it is', async () => {
    const answer = await ask('/healthz', accepts('br, identity;q=0'));
    expect([answer.headers['content-encoding'], answer.text]).toEqual([undefined, '{"status":"ok"}\n']);
  });
});
