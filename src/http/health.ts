import type { ServerResponse } from 'node:http';
import type { Caller } from '../access/caller.ts';
import type { Store } from '../clickhouse/store.ts';
import type { Ingest } from '../ingest/ingest.ts';
import type { Telemetry } from '../telemetry.ts';
import { type Route, sendJson } from './server.ts';

/** How long `/readyz` waits for the store. */
const readyTimeoutMs = 2_000;

/**
 * `/healthz`: the process answers. `/readyz`: it can serve queries (503 while it cannot); a source that is down is shown but
 * does not make it unready, since stored figures can still be asked for; who does not log in is told of no source. `/metrics`: Prometheus.
 */
export function healthRoutes(options: {
  store: Store;
  ingest: Ingest;
  telemetry: Telemetry;
  isStopping: () => boolean;
  /** Whether `/metrics` asks nobody who they are. */
  areMetricsPublic: boolean;
}): Route[] {
  const { store, ingest, telemetry } = options;
  return [
    {
      method: 'GET',
      path: '/healthz',
      access: 'everybody',
      isBusy: true,
      handle: (_request, response) => sendJson(response, 200, { status: 'ok' }),
    },
    {
      method: 'GET',
      path: '/readyz',
      access: 'guest',
      isBusy: true,
      async handle(_request, response, { caller }) {
        const storeState = options.isStopping() ? 'stopping' : await stateOfStore(store);
        const sources = caller && circuitsOf(ingest, caller.workspaces);
        const ready = storeState === 'ok';
        sendJson(response, ready ? 200 : 503, {
          status: ready ? 'ready' : storeState === 'stopping' ? 'stopping' : 'not ready',
          store: storeState,
          ...(sources && { sources }),
        });
      },
    },
    {
      method: 'GET',
      path: '/metrics',
      access: options.areMetricsPublic ? 'everybody' : 'admin',
      isBusy: true,
      async handle(_request: unknown, response: ServerResponse) {
        response.writeHead(200, { 'content-type': telemetry.registry.contentType });
        response.end(await telemetry.registry.metrics());
      },
    },
  ];
}

/** Of the sources of these workspaces. */
function circuitsOf({ sources }: Ingest, workspaces: Caller['workspaces']) {
  const own = sources.filter(({ workspace }) => workspaces === 'all' || workspaces.includes(workspace));
  return Object.fromEntries(own.map((source) => [source.name, { circuit: source.state() }]));
}

/** Resolves within two seconds, whatever the store does. */
export async function stateOfStore(store: Store): Promise<'ok' | 'unreachable'> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'unreachable'>((resolve) => {
    timer = setTimeout(resolve, readyTimeoutMs, 'unreachable');
  });
  const asked = store.ping().then(
    () => 'ok' as const,
    () => 'unreachable' as const,
  );
  try {
    return await Promise.race([asked, late]);
  } finally {
    clearTimeout(timer);
  }
}
