import { request } from 'node:http';
import { connect } from 'node:net';

/** What came back over the wire. */
export interface Reply {
  /** 0: the connection ended without an answer. */
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

export interface Ask {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

/** Sends what `fetch` would set right, such as paths with dots. A GraphQL POST by default. */
export function send(
  base: string,
  { method = 'POST', path = '/graphql', headers = {}, body }: Ask,
): Promise<Reply> {
  const { hostname, port } = new URL(base);
  return new Promise((resolve) => {
    const sent = request({ hostname, port, method, path, headers }, (answer) => {
      const parts: Buffer[] = [];
      const end = (): void =>
        resolve({
          status: answer.statusCode ?? 0,
          headers: answer.headers,
          body: Buffer.concat(parts).toString(),
        });
      answer.on('data', (part: Buffer) => parts.push(part));
      answer.once('end', end);
      answer.once('error', end);
    });
    sent.once('error', () => resolve({ status: 0, headers: {}, body: '' }));
    sent.end(body);
  });
}

/** Writes bytes as they are, which need not be HTTP, and gives what came back until the connection ended. */
export function sendRaw(base: string, text: string): Promise<string> {
  const { hostname, port } = new URL(base);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname, () => socket.write(text));
    let got = '';
    socket.setTimeout(5_000, () => socket.destroy());
    socket.on('data', (part) => {
      got += part.toString();
    });
    socket.once('error', () => undefined);
    socket.once('close', () => resolve(got));
  });
}
