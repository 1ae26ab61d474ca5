import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fulfilsWithin } from '../time.ts';
import { type ConnectionLimits, limitConnections, maxHeaderBytes } from './connections.ts';
import { type Dispatch, dispatch } from './dispatch.ts';
import { explainListenError } from './listen-error.ts';

/** How often connections that have become idle are looked for while the server closes. */
const sweepMs = 50;

export interface HttpServer {
  /** Where it listens: `http://127.0.0.1:4000`. */
  readonly url: string;
  /** From now on each answer ends its connection, so that callers who keep theirs go elsewhere; new ones are still taken. */
  drain(): void;
  /** Takes no more connections and waits for the requests at work, for so long at most: those that are left are cut off. */
  close(withinMs: number): Promise<void>;
}

type Service = Omit<Dispatch, 'bodyMs'> & { readonly connections: ConnectionLimits };

/** Starts listening. */
export async function listen(options: Service & { host: string; port: number }): Promise<HttpServer> {
  const drain = createDrain();
  const { connections } = options;
  const service: Dispatch = { ...options, bodyMs: connections.bodyMs };
  const server = createServer(
    { maxHeaderSize: maxHeaderBytes, connectionsCheckingInterval: connections.checkMs },
    (request, response) => {
      drain.track(response);
      void dispatch(request, response, service);
    },
  );
  limitConnections(server, connections);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(explainListenError(error, options)));
    server.listen(options.port, options.host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  const host = options.host.includes(':') ? `[${options.host}]` : options.host;
  return {
    url: `http://${host}:${port}`,
    drain: drain.start,
    async close(withinMs) {
      drain.start();
      await close(server, withinMs);
    },
  };
}

/** Ends connections with the answers that go over them. */
interface Drain {
  track(response: ServerResponse): void;
  start(): void;
}

function createDrain(): Drain {
  const atWork = new Set<ServerResponse>();
  let started = false;
  const endWith = (response: ServerResponse): void => {
    if (!response.headersSent) response.setHeader('connection', 'close');
  };
  return {
    track(response) {
      if (started) endWith(response);
      atWork.add(response);
      response.once('close', () => atWork.delete(response));
    },
    start() {
      started = true;
      for (const response of atWork) endWith(response);
    },
  };
}

async function close(server: Server, withinMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  // Again and again: an answer that had begun before leaves its connection open and idle.
  const sweep = setInterval(() => server.closeIdleConnections(), sweepMs);
  server.closeIdleConnections();
  if (!(await fulfilsWithin(closed, withinMs))) server.closeAllConnections();
  await closed;
  clearInterval(sweep);
}
