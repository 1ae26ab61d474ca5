import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { gzipSync } from 'node:zlib';

/** A request as the source saw it. */
interface RecordedRequest {
  readonly path: string;
  readonly query: Record<string, string>;
  readonly headers: IncomingHttpHeaders;
}

/** What a source does with a request. */
export type Behaviour = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

export interface SourceServer {
  /** `http://127.0.0.1:PORT`, without a path. */
  readonly url: string;
  /** Every request so far, in order. */
  readonly requests: readonly RecordedRequest[];
  /** Ends it and all connections, also those that hang. */
  close(): Promise<void>;
}

/**
 * Starts a source on a free loopback port. With routes, by path; a path without a route is answered with 404.
 *
 * @example
 * const source = await startSourceServer({ '/ads': inTurn(status(503), json(feed)) });
 */
export async function startSourceServer(
  behaviour: Behaviour | Record<string, Behaviour>,
): Promise<SourceServer> {
  const requests: RecordedRequest[] = [];
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://source');
    requests.push({ path: pathname, query: Object.fromEntries(searchParams), headers: request.headers });
    const behave = typeof behaviour === 'function' ? behaviour : (behaviour[pathname] ?? status(404));
    // A caller that leaves early breaks the answer; that is the caller's affair.
    Promise.resolve(behave(request, response)).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** An address where nobody listens. */
export async function refusedUrl(): Promise<string> {
  const server = createTcpServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}`;
}

/** Answers 200 with the value as JSON. */
export const json = (value: unknown): Behaviour =>
  text(JSON.stringify(value), { 'content-type': 'application/json' });

/** Answers 200 with one record a line. */
export const ndjson = (records: readonly unknown[]): Behaviour =>
  text(records.map((record) => `${JSON.stringify(record)}\n`).join(''), {
    'content-type': 'application/x-ndjson',
  });

/** Answers 200 with a body as it is; a header given here replaces the one that node would make, `content-length` too. */
export const text =
  (body: string | Buffer, headers: Record<string, string> = {}): Behaviour =>
  (_, response) => {
    response.writeHead(200, headers).end(body);
  };

/** Answers 200 with a body compressed by gzip. */
export const gzipped = (body: string): Behaviour =>
  text(gzipSync(body), { 'content-type': 'application/json', 'content-encoding': 'gzip' });

/** Answers 200 with what each iteration gives, as slowly as it is read: for feeds that fit in no memory. */
export const streamed =
  (chunks: () => Iterable<string | Buffer>, headers: Record<string, string> = {}): Behaviour =>
  async (_, response) => {
    response.writeHead(200, headers);
    await pipeline(Readable.from(chunks()), response);
  };

/** Answers with a status and no records. */
export const status =
  (code: number, headers: Record<string, string> = {}): Behaviour =>
  (_, response) => {
    response.writeHead(code, headers).end();
  };

export const redirect = (location: string, code = 302): Behaviour => status(code, { location });

/** Sends headers and `body`, then cuts the connection. With `announced` by content-length, else in the middle of a chunked answer. */
export const cutAfter =
  (body: string | Buffer, announced?: number): Behaviour =>
  (_, response) => {
    response.writeHead(200, announced === undefined ? {} : { 'content-length': String(announced) });
    response.write(body, () => response.socket?.end());
  };

/** Takes the request and closes the connection without an answer. */
export const hangUp: Behaviour = (request) => {
  request.socket.destroy();
};

/** Takes the request and never answers. */
export const hang: Behaviour = () => undefined;

/** Sends headers and `body`, then nothing more, with the connection open. */
export const hangAfter =
  (body: string | Buffer): Behaviour =>
  (_, response) => {
    response.writeHead(200);
    response.write(body);
  };

/** Each request gets the next behaviour; the last one stays. */
export function inTurn(...behaviours: [Behaviour, ...Behaviour[]]): Behaviour {
  let turn = 0;
  return (request, response) => {
    const behave = behaviours[Math.min(turn++, behaviours.length - 1)] ?? behaviours[0];
    return behave(request, response);
  };
}
