import { createServer, connect as dial, type Socket } from 'node:net';

/** A network that can hang: connections at the time stay open, and nothing comes over them ever after. */
export interface TcpProxy {
  readonly url: string;
  /** Connections that were made. */
  readonly connections: number;
  hang(): void;
  /** Connections that are made from now on work. */
  recover(): void;
  close(): Promise<void>;
}

/** @param target address of an HTTP server */
export async function startTcpProxy(target: string): Promise<TcpProxy> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  let connections = 0;
  let hangs = false;
  const server = createServer((near) => {
    connections += 1;
    const far = hangs ? undefined : dial(Number(port), hostname);
    for (const socket of [near, far]) {
      if (socket === undefined) continue;
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => sockets.delete(socket));
    }
    if (far === undefined) return;
    near.pipe(far);
    far.pipe(near);
    near.on('close', () => far.destroy());
    far.on('close', () => near.destroy());
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`,
    get connections() {
      return connections;
    },
    hang() {
      hangs = true;
      for (const socket of sockets) {
        socket.unpipe();
        socket.pause();
      }
    },
    recover() {
      hangs = false;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}
