import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import {
  type Behaviour,
  cutAfter,
  hang,
  inTurn,
  json,
  status,
  streamed,
  text,
} from '../support/source-server.ts';
import { openOne, read, recordsOf, serve, withBody } from './support.ts';

const yaml = (url: string, pagination: string, more = '') => `
sources:
  - name: feed
    kind: ad_performance
    url: ${url}
    records: items
    pagination: ${pagination}
    ${more}
`;

const items = (from: number, to: number): { id: number }[] =>
  Array.from({ length: to - from }, (_, index) => ({ id: from + index }));

const parameter = (request: IncomingMessage, name: string): string | null =>
  new URL(request.url ?? '/', 'http://x').searchParams.get(name);

/** A source of `total` items that answers at most `most` at a time from `offset` on. */
const byOffset =
  (total: number, most: number): Behaviour =>
  (request, response) => {
    const from = Number(parameter(request, 'offset'));
    const limit = Math.min(most, Number(parameter(request, 'limit')));
    return json({ total, items: items(from, Math.min(total, from + limit)) })(request, response);
  };

describe('pages', () => {
  it('follow a cursor until there is none, whatever stands for none', async () => {
    for (const none of [undefined, null, '', false]) {
      const server = await serve((request, response) => {
        const cursor = Number(parameter(request, 'after') ?? 0);
        const page = { items: items(cursor, cursor + 2), page: { next: cursor < 4 ? cursor + 2 : none } };
        return json(page)(request, response);
      });
      const source = await openOne(
        yaml(`${server.url}/?size=2`, '{ cursor: { field: page.next, parameter: after } }'),
      );
      expect(await recordsOf(source, { from: '2025-08-01' })).toEqual(items(0, 6));
      expect(server.requests.map(({ query }) => query)).toEqual([
        { size: '2', since: '2025-08-01' },
        { size: '2', since: '2025-08-01', after: '2' },
        { size: '2', since: '2025-08-01', after: '4' },
      ]);
    }
  });

  it('end with the field that says whether there are more', async () => {
    const server = await serve((request, response) =>
      json({
        items: [{ id: 1 }],
        next: `c${parameter(request, 'after')}`,
        more: parameter(request, 'after') === null,
      })(request, response),
    );
    const source = await openOne(
      yaml(server.url, '{ cursor: { field: next, parameter: after, more: more } }'),
    );
    expect(await recordsOf(source)).toHaveLength(2);
  });

  it('put a cursor into the JSON body of a POST', async () => {
    const bodies: string[] = [];
    const server = await serve(withBody(bodies, inTurn(json({ items: [], next: 7 }), json({ items: [] }))));
    const body = `body: { filter: { from: "{since}" } }`;
    const source = await openOne(yaml(server.url, '{ cursor: { field: next, parameter: page } }', body));
    await recordsOf(source, { from: '2025-08-01' });
    expect(bodies.map((sent) => JSON.parse(sent))).toEqual([
      { filter: { from: '2025-08-01' } },
      { filter: { from: '2025-08-01' }, page: 7 },
    ]);
    expect(server.requests.map(({ query }) => query)).toEqual([{}, {}]);
  });

  it('follow links of the body, relative ones too, with the parameters that are credentials', async () => {
    const server = await serve({
      '/a': json({ items: [{ id: 1 }], links: [{ rel: 'prev' }, { href: 'b?x=2#top' }] }),
      '/b': json({ items: [{ id: 2 }], links: [] }),
    });
    const source = await openOne(
      yaml(
        `${server.url}/a?x=1`,
        '{ next_link: { field: links.1.href } }',
        `auth: { query: { key: "\${KEY}" } }`,
      ),
      { environment: { KEY: 'k-s3cret' } },
    );
    expect(await recordsOf(source)).toEqual([{ id: 1 }, { id: 2 }]);
    expect(server.requests.map(({ path, query }) => [path, query])).toEqual([
      ['/a', { x: '1', key: 'k-s3cret' }],
      ['/b', { x: '2', key: 'k-s3cret' }],
    ]);
  });

  it('follow the Link header', async () => {
    const server = await serve((request, response) => {
      const page = Number(parameter(request, 'page') ?? 1);
      const links = [`<${server.url}/?page=1>; rel="first"`];
      if (page < 3) links.unshift(`<?page=${page + 1}&a=1,2>; title="a, b; rel=prev"; rel="next last"`);
      return text(JSON.stringify([{ id: page }]), { link: links.join(', ') })(request, response);
    });
    const source = await openOne(yaml(server.url, '{ link_header: true }').replace('records: items', ''));
    expect(await recordsOf(source)).toEqual([{ id: 1 }, { id: 2 }, { id: 3 }]);
  });

  it('are counted until one is empty', async () => {
    const server = await serve((request, response) => {
      const page = Number(parameter(request, 'p'));
      return json({ items: page < 3 ? items(page * 10, page * 10 + 2) : [] })(request, response);
    });
    const source = await openOne(yaml(server.url, '{ page_number: { parameter: p, start: 0 } }'));
    expect(await recordsOf(source)).toHaveLength(6);
    expect(server.requests.map(({ query }) => query.p)).toEqual(['0', '1', '2', '3']);
  });

  it('are counted up to the number that a field tells, and need one there', async () => {
    const server = await serve((request, response) =>
      json({ items: items(Number(parameter(request, 'p')), 9), meta: { pages: '2' } })(request, response),
    );
    const page = (field: string) => yaml(server.url, `{ page_number: { parameter: p, stop: ${field} } }`);
    await recordsOf(await openOne(page('meta.pages')));
    expect(server.requests.map(({ query }) => query.p)).toEqual(['1', '2']);
    expect((await read(await openOne(page('meta.total')))).error).toMatchObject({
      code: 'SOURCE_MALFORMED',
      message:
        'A page of source feed has no number at meta.total, where the last page is told. Check stop of its pagination.',
    });
  });

  it('go on by what came, when a source gives fewer at a time than it was asked for', async () => {
    const server = await serve(byOffset(10, 3));
    const offset = '{ offset: { parameter: offset, limit_parameter: limit, limit: 5 } }';
    expect(await recordsOf(await openOne(yaml(server.url, offset)))).toEqual(items(0, 10));
    expect(server.requests.map(({ query }) => query.offset)).toEqual(['0', '3', '6', '9', '10']);
  });

  it('by offset end with a short one, or with the total, where the file says so', async () => {
    const server = await serve(byOffset(10, 100));
    const offset = (stop: string) =>
      yaml(server.url, `{ offset: { parameter: offset, limit_parameter: limit, limit: 4, stop: ${stop} } }`);
    expect(await recordsOf(await openOne(offset('short')))).toEqual(items(0, 10));
    expect(await recordsOf(await openOne(offset('total')))).toEqual(items(0, 10));
    expect(server.requests.map(({ query }) => query.offset)).toEqual(['0', '4', '8', '0', '4', '8']);
  });

  it('of an adapter are not asked for where the file says none', async () => {
    const server = await serve(json({ elements: [] }));
    const source = await openOne(`
sources: [{ name: li, adapter: linkedin, url: "${server.url}", pagination: none }]`);
    await recordsOf(source);
    expect(server.requests[0]?.query).toEqual({});
  });

  it('are each read before the next is asked for', async () => {
    const order: string[] = [];
    const server = await serve((request, response) => {
      const page = Number(parameter(request, 'p'));
      order.push(`asked ${page}`);
      return json({ items: page < 3 ? [{ id: page }] : [] })(request, response);
    });
    const source = await openOne(yaml(server.url, '{ page_number: { parameter: p } }'));
    for await (const page of source.pages({ signal: new AbortController().signal, logger: silent })) {
      for await (const { records } of source.reader()(page)) order.push(`read ${records.length}`);
    }
    expect(order).toEqual(['asked 1', 'read 1', 'asked 2', 'read 1', 'asked 3']);
  });
});

const silent = (await import('pino')).default({ level: 'silent' });

describe('a hostile source', () => {
  const cursor = '{ cursor: { field: next, parameter: after } }';
  const good = json({ items: [{ id: 1 }], next: 'a' });

  it('that repeats a cursor is left, with an error that says so', async () => {
    const server = await serve(inTurn(good, json({ items: [], next: 'b' }), good));
    const { records, error } = await read(await openOne(yaml(server.url, cursor)));
    expect(records).toHaveLength(2);
    expect(error).toMatchObject({
      code: 'SOURCE_MALFORMED',
      retryable: false,
      message:
        'A page of source feed has the cursor of an earlier page at next; its pages would never end. Check field and parameter of its pagination.',
    });
    expect(server.requests).toHaveLength(3);
  });

  it('whose next link leads back is left', async () => {
    const server = await serve({
      '/a': json({ items: [], next: '/b' }),
      '/b': json({ items: [], next: '/a' }),
    });
    const { error } = await read(await openOne(yaml(`${server.url}/a`, '{ next_link: { field: next } }')));
    expect(error?.message).toMatch(
      /points to an earlier page for the next one; its pages would never end\. Check where its pagination finds the next page\.$/,
    );
    expect(server.requests).toHaveLength(2);
  });

  it('that sends the same page for every number is left', async () => {
    const server = await serve(json({ items: items(0, 5) }));
    const offset = '{ offset: { parameter: offset, limit_parameter: limit, limit: 5 } }';
    expect((await read(await openOne(yaml(server.url, offset)))).error?.message).toBe(
      'A page of source feed is the same as the one before; it ignores the parameter offset. Check what the source calls it, or set pagination: none.',
    );
    const number = '{ page_number: { parameter: page } }';
    expect((await read(await openOne(yaml(server.url, number)))).error?.code).toBe('SOURCE_MALFORMED');
    expect(server.requests).toHaveLength(4);
  });

  it('whose pages never end is left after max_pages', async () => {
    let page = 0;
    const server = await serve((request, response) =>
      json({ items: [], next: `n${++page}` })(request, response),
    );
    const { error } = await read(await openOne(yaml(server.url, cursor, 'max_pages: 20')));
    expect(error?.message).toBe(
      'Source feed has more than 20 pages; if that is right, raise max_pages for it.',
    );
    expect(server.requests).toHaveLength(20);
  });

  it.each(['next_link', 'link_header'])('that points elsewhere is not followed there: %s', async (kind) => {
    const other = await serve(json({ items: [] }));
    const place = `${other.url}/latest/meta-data?token=s3cret`;
    const server = await serve(
      text(JSON.stringify({ items: [], next: place }), { link: `<${place}>; rel=next` }),
    );
    const pagination = kind === 'next_link' ? '{ next_link: { field: next } }' : '{ link_header: true }';
    const { error } = await read(await openOne(yaml(server.url, pagination)));
    expect(error).toMatchObject({
      code: 'SOURCE_MALFORMED',
      message: `A page of source feed points to ${other.url}/latest/meta-data for the next one, which is not followed. If that belongs to the source, add its host to allow_hosts.`,
    });
    expect(other.requests).toEqual([]);

    const host = new URL(other.url).host;
    await recordsOf(await openOne(yaml(server.url, pagination, `allow_hosts: ["${host}"]`)));
    expect(other.requests).toHaveLength(1);
  });

  it.each([
    'file:///etc/passwd',
    'https://127.0.0.1:1/',
    'http://[::1',
    7,
  ])('that names %s as its next page is not followed', async (next) => {
    const server = await serve(json({ items: [], next }));
    const source = await openOne(
      yaml(server.url, '{ next_link: { field: next } }', 'allow_hosts: [127.0.0.1]'),
    );
    expect((await read(source)).error?.code).toBe('SOURCE_MALFORMED');
    expect(server.requests).toHaveLength(1);
  });

  it('that throttles, fails, hangs or breaks off in between is asked for the same page again', async () => {
    const last = json({ items: [{ id: 2 }] });
    const troubles = [
      status(429, { 'retry-after': '0' }),
      status(500),
      hang,
      cutAfter('{"items":[{"id":2}'),
      cutAfter('{"items":[{"id":2}', 5_000),
      text(gzipSync('{"items":[]}').subarray(0, 12), { 'content-encoding': 'gzip' }),
    ];
    for (const trouble of troubles) {
      const server = await serve(inTurn(good, trouble, last));
      const source = await openOne(yaml(server.url, cursor), { timeoutMs: 1_500 });
      expect(await recordsOf(source)).toEqual([{ id: 1 }, { id: 2 }]);
      expect(server.requests.map(({ query }) => query.after)).toEqual([undefined, 'a', 'a']);
    }
  });

  it('that goes on failing ends the call after the good pages, in as many attempts as it has', async () => {
    const server = await serve(inTurn(good, status(503)));
    const { records, error } = await read(await openOne(yaml(server.url, cursor, 'attempts: 3')));
    expect(records).toEqual([{ id: 1 }]);
    expect(error).toMatchObject({ code: 'SOURCE_UNAVAILABLE', retryable: true });
    expect(error?.message).toContain('in 3 attempts: it answered 503 Service Unavailable.');
    expect(server.requests).toHaveLength(4);
  });

  it('that tells in words that it failed is not taken for a page without records', async () => {
    const server = await serve(inTurn(good, json({ message: 'try again later' })));
    const { records, error } = await read(await openOne(yaml(server.url, cursor)));
    expect(records).toEqual([{ id: 1 }]);
    expect(error).toMatchObject({
      code: 'SOURCE_MALFORMED',
      message:
        'A page of source feed has no array at items, where its records are expected: “try again later.”; check what it is asked for, and records where the source says where they are.',
    });
  });

  const pieces = function* (total: number): Generator<Buffer> {
    yield Buffer.from('{"items":[');
    for (let sent = 0; sent < total; sent += 1_048_576) yield Buffer.alloc(1_048_576, ' ');
  };

  it.each([
    ['a page of 1 GB', streamed(() => pieces(1_073_741_824))],
    ['a gzip bomb', text(gzipSync(Buffer.concat([...pieces(200_000_000)])), { 'content-encoding': 'gzip' })],
  ])('that sends %s is left at 32 MiB, once', async (_, behaviour) => {
    const server = await serve(behaviour);
    const before = process.memoryUsage().rss;
    const { error } = await read(await openOne(yaml(`${server.url}/p`, cursor)));
    expect(error).toMatchObject({
      code: 'SOURCE_MALFORMED',
      retryable: false,
      message: `Source feed cannot be read from ${server.url}/p: its answer is a page of more than 32 MiB; ask it for smaller pages.`,
    });
    expect(server.requests).toHaveLength(1);
    expect(process.memoryUsage().rss - before).toBeLessThan(200_000_000);
  });

  it('cannot make the reader look for its cursor among the records', async () => {
    const tricky = {
      items: [{ next: 'x', '"next"': 'y', text: '","next":"z"' }],
      note: '"next":"n\\"',
      'ne\u0078t': null,
    };
    const server = await serve(json(tricky));
    expect(await recordsOf(await openOne(yaml(server.url, cursor)))).toHaveLength(1);
    expect(server.requests).toHaveLength(1);
  });

  it('that is cancelled stops', async () => {
    const server = await serve(inTurn(good, hang));
    const controller = new AbortController();
    const reading = read(await openOne(yaml(server.url, cursor)), { signal: controller.signal });
    setTimeout(() => controller.abort(), 100);
    expect((await reading).error?.code).toBe('CANCELLED');
  });
});

describe('a page', () => {
  it('gives the same records again from the same bytes', async () => {
    const server = await serve(json({ items: items(0, 1_000) }));
    const source = await openOne(yaml(server.url, 'none', 'channel: partner'));
    for await (const page of source.pages({ signal: new AbortController().signal, logger: silent })) {
      const chunks: Uint8Array[] = [];
      for await (const chunk of page.body) chunks.push(chunk);
      const digests = new Set<string>();
      for (let time = 0; time < 2; time++) {
        const hash = createHash('sha256');
        const body = (async function* () {
          yield* chunks;
        })();
        for await (const { records } of source.reader()({ ...page, body }))
          hash.update(JSON.stringify(records));
        digests.add(hash.digest('hex'));
      }
      expect(digests.size).toBe(1);
    }
  });
});
