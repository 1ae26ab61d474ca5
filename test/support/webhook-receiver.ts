import { createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';
import type { Clock } from '../../src/time.ts';

/** A page as `docs/sink.md` has it. */
export interface Page {
  readonly type: string;
  readonly timestamp: string;
  readonly data: {
    readonly workspace: string;
    readonly exportId: string;
    readonly revision: number;
    readonly page: number;
    readonly pages: number;
    readonly rowCount: number;
    readonly range: { readonly from: string; readonly to: string };
    readonly groupBy: readonly string[];
    readonly measures: readonly string[];
    readonly currency: string | null;
    readonly rows: readonly Record<string, string | number | null>[];
    readonly totals?: Record<string, number | null>;
  };
}

interface Delivery {
  readonly id: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  readonly page: Page;
}

/** What becomes of a request: its body may be kept, and it may be answered. `cut` ends the connection, before or after that. */
type Fate =
  | 'take'
  | 'cut before'
  | 'cut after'
  | { readonly status: number; readonly headers?: Record<string, string>; readonly body?: string };

/** A receiver that verifies each message by the public library, and counts each `webhook-id` once. */
export interface Receiver {
  readonly url: string;
  /** Every request, also those that were cut. */
  readonly attempts: number;
  /** Verified messages in the order in which they came, repeats too. */
  readonly deliveries: readonly Delivery[];
  /** The first delivery of each id. */
  readonly counted: readonly Delivery[];
  /** Requests that did not verify. */
  readonly refused: number;
  /** Says what becomes of requests from now on; by the number of the attempt, from 1. */
  behave(fate: (attempt: number) => Fate | Promise<Fate>): void;
  forget(): void;
  close(): Promise<void>;
  /** Listens again at the same port. */
  open(): Promise<void>;
}

/** @param clock of the sender, where that is not the system's: signatures are checked as of it */
export async function startReceiver(secret: string, clock?: Clock): Promise<Receiver> {
  const webhook = secret.startsWith('whsec_') ? new Webhook(secret) : new Webhook(secret, { format: 'raw' });
  const key = secret.startsWith('whsec_') ? Buffer.from(secret.slice(6), 'base64') : Buffer.from(secret);
  let attempts = 0;
  let refused = 0;
  let deliveries: Delivery[] = [];
  let fate: (attempt: number) => Fate | Promise<Fate> = () => 'take';
  /** The library asks the system's clock. */
  const verify = (body: string, headers: Record<string, string>): unknown => {
    if (clock === undefined) return webhook.verify(body, headers);
    const seconds = Number(headers['webhook-timestamp']);
    if (Math.abs(clock.now() / 1_000 - seconds) > 300) throw new Error('webhook-timestamp');
    const right = webhook.sign(headers['webhook-id'] ?? '', new Date(seconds * 1_000), body);
    if (headers['webhook-signature'] !== right) throw new Error('webhook-signature');
    return JSON.parse(body);
  };
  const take = (request: IncomingMessage, body: string): boolean => {
    const { headers } = request;
    try {
      const page = verify(body, headers as Record<string, string>) as Page;
      if (createHmac('sha256', key).update(body).digest('hex') !== headers['x-signature'])
        throw new Error('X-Signature');
      deliveries.push({ id: String(headers['webhook-id']), headers, body, page });
      return true;
    } catch {
      refused += 1;
      return false;
    }
  };
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    attempts += 1;
    const what = await fate(attempts);
    if (what === 'cut before') return void request.socket.destroy();
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    if (typeof what === 'object')
      return void response.writeHead(what.status, what.headers).end(what.body ?? '');
    const isTaken = take(request, Buffer.concat(chunks).toString());
    if (what === 'cut after') return void request.socket.destroy();
    response.writeHead(isTaken ? 204 : 401).end();
  };
  const make = () =>
    createServer((request, response) => void handle(request, response).catch(() => response.destroy()));
  let server = make();
  const listen = (port: number) =>
    new Promise<void>((resolve) => server.listen(port, '127.0.0.1', () => resolve()));
  await listen(0);
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/figures`,
    get attempts() {
      return attempts;
    },
    get deliveries() {
      return deliveries;
    },
    get counted() {
      return [...new Map([...deliveries].reverse().map((each) => [each.id, each])).values()].reverse();
    },
    get refused() {
      return refused;
    },
    behave(next) {
      fate = next;
    },
    forget() {
      attempts = 0;
      refused = 0;
      deliveries = [];
      fate = () => 'take';
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
    async open() {
      server = make();
      await listen(port);
    },
  };
}
