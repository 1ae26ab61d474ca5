import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** A statement that ClickHouse has stored, and whose answer is about to go back. */
interface StoredInsert {
  readonly table: string;
  /** From 1. */
  readonly number: number;
  /** The same when it is sent again (`insert_deduplication_token`); empty without one. */
  readonly token: string;
}

/** What something that is not ClickHouse answers. `bytes` goes over the connection as it is, in place of HTTP. */
export type Foreign =
  | { readonly status: number; readonly headers?: Record<string, string>; readonly body?: string }
  | { readonly bytes: string };

/** Stands between the program and ClickHouse and breaks connections where it hurts. */
export interface StoreProxy {
  /** `http://127.0.0.1:PORT`, for as long as it lives. */
  readonly url: string;
  /** INSERTs that ClickHouse stored. */
  readonly inserts: number;
  /** Connections broken between the commit and the answer, by table. */
  readonly cuts: ReadonlyMap<string, number>;
  /** From now on asked after each INSERT that ClickHouse has stored: true breaks the connection instead of passing the answer on. */
  cutWhen(decide: (insert: StoredInsert) => boolean): void;
  /** From now on answers of reads that are longer than so many bytes break behind them; undefined: none. */
  cutReadsAfter(bytes: number | undefined): void;
  /** ClickHouse is away: connections are `refused`, or taken and never answered (`silent`). Those at work break. */
  away(how: 'refused' | 'silent'): Promise<void>;
  back(): Promise<void>;
  /** From now on something else answers in ClickHouse's place, as a load balancer does; undefined: ClickHouse. */
  replace(answer: Foreign | undefined): void;
  close(): Promise<void>;
}

/** An INSERT's statement is in the address where rows follow in the body, else at the beginning of the body. */
const insertStatement = /INSERT\s+INTO\s+[`"]?(?:\w+[`"]?\.[`"]?)?(\w+)/i;
const headBytes = 64 * 1_024;

const tokenOf = (address = ''): string =>
  new URL(address, 'http://clickhouse').searchParams.get('insert_deduplication_token') ?? '';

/** @param target address of a ClickHouse server */
export async function startStoreProxy(target: string): Promise<StoreProxy> {
  const { hostname, port } = new URL(target);
  const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });
  const sockets = new Set<Socket>();
  const cuts = new Map<string, number>();
  let inserts = 0;
  let decide: (insert: StoredInsert) => boolean = () => false;
  let longestRead: number | undefined;
  let isSilent = false;
  let foreign: Foreign | undefined;

  const replaceAnswer = (by: Foreign, incoming: IncomingMessage, outgoing: ServerResponse): void => {
    incoming.resume();
    incoming.on('end', () => {
      if ('bytes' in by) incoming.socket.end(by.bytes);
      else outgoing.writeHead(by.status, by.headers).end(by.body);
    });
  };

  const pass = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    if (foreign !== undefined) {
      replaceAnswer(foreign, incoming, outgoing);
      return;
    }
    if (isSilent) {
      incoming.resume();
      return;
    }
    let head = decodeURIComponent((incoming.url ?? '').replaceAll('+', ' ').slice(0, headBytes));
    const upstream = request(
      { hostname, port, agent, method: incoming.method, path: incoming.url, headers: incoming.headers },
      (answer) => {
        const table = answer.statusCode === 200 ? insertStatement.exec(head)?.[1] : undefined;
        if (table === undefined) {
          outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
          let passed = 0;
          answer.on('data', (part: Buffer) => {
            passed += part.length;
            if (longestRead !== undefined && passed > longestRead) incoming.socket.destroy();
          });
          answer.pipe(outgoing);
          answer.on('error', () => outgoing.destroy());
          return;
        }
        // Its answer is short; once all of it is here, ClickHouse is done with the statement.
        const parts: Buffer[] = [];
        answer.on('data', (part: Buffer) => parts.push(part));
        answer.on('error', () => outgoing.destroy());
        answer.on('end', () => {
          inserts += 1;
          if (decide({ table, number: inserts, token: tokenOf(incoming.url) })) {
            cuts.set(table, (cuts.get(table) ?? 0) + 1);
            incoming.socket.destroy();
          } else {
            outgoing.writeHead(200, answer.headers);
            outgoing.end(Buffer.concat(parts));
          }
        });
      },
    );
    upstream.on('error', () => incoming.socket.destroy());
    outgoing.on('close', () => {
      if (!outgoing.writableFinished) upstream.destroy();
    });
    incoming.on('data', (part: Buffer) => {
      if (head.length < headBytes) head += part.toString('latin1', 0, headBytes);
    });
    incoming.pipe(upstream);
  };

  const server = createServer(pass);
  server.keepAliveTimeout = 60_000;
  server.requestTimeout = 0;
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  });
  const listen = (at: number): Promise<void> =>
    new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(at, '127.0.0.1', () => {
        server.removeListener('error', reject);
        resolve();
      });
    });
  const stopListening = (): Promise<void> =>
    new Promise((resolve) => {
      if (!server.listening) return resolve();
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });
  await listen(0);
  const own = (server.address() as AddressInfo).port;

  return {
    url: `http://127.0.0.1:${own}`,
    get inserts() {
      return inserts;
    },
    cuts,
    cutWhen(next) {
      decide = next;
    },
    cutReadsAfter(bytes) {
      longestRead = bytes;
    },
    async away(how) {
      isSilent = how === 'silent';
      await stopListening();
      if (isSilent) await listen(own);
    },
    async back() {
      isSilent = false;
      // Whoever waits for an answer that never came waits no longer.
      for (const socket of sockets) socket.destroy();
      if (!server.listening) await listen(own);
    },
    replace(answer) {
      foreign = answer;
    },
    async close() {
      await stopListening();
      agent.destroy();
    },
  };
}
