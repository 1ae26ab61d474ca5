import type { Store } from '../clickhouse/store.ts';
import type { Ingest } from '../ingest/ingest.ts';
import type { Telemetry } from '../telemetry.ts';
import { type Route, sendJson } from './server.ts';

/** How long `/readyz` waits for the store. */
const readyTimeoutMs = 2_000;

/**
 * `/healthz`: the process answers. `/readyz`: it can serve queries (503 while it cannot); a source that is down is shown but
 * does not make it unready, since stored figures can still be asked for. `/metrics`: Prometheus.
 */
export function healthRoutes(options: {
  store: Store;
  ingest: Ingest;
  telemetry: Telemetry;
  isStopping: () => boolean;
}): Route[] {
  const { store, ingest, telemetry } = options;
  return [
    {
      method: 'GET',
      path: '/healthz',
      handle: (_request, response) => sendJson(response, 200, { status: 'ok' }),
    },
    {
      method: 'GET',
      path: '/readyz',
      async handle(_request, response) {
        const storeState = options.isStopping() ? 'stopping' : await stateOfStore(store);
        const sources = Object.fromEntries(
          ingest.sources.map((source) => [source.name, { circuit: source.state() }]),
        );
        const ready = storeState === 'ok';
        sendJson(response, ready ? 200 : 503, {
          status: ready ? 'ready' : storeState === 'stopping' ? 'stopping' : 'not ready',
          store: storeState,
          sources,
        });
      },
    },
    {
      method: 'GET',
      path: '/metrics',
      async handle(_request, response) {
        response.writeHead(200, { 'content-type': telemetry.registry.contentType });
        response.end(await telemetry.registry.metrics());
      },
    },
  ];
}

async function stateOfStore(store: Store): Promise<'ok' | 'unreachable'> {
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
