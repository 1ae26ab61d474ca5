import type { ServerResponse } from 'node:http';
import type { Caller } from '../access/caller.ts';
import { forbidden } from '../access/refusals.ts';
import type { Store } from '../clickhouse/store.ts';
import type { Ingest } from '../ingest/ingest.ts';
import type { Telemetry } from '../telemetry.ts';
import { refusePlainly } from './refusal.ts';
import { type Route, sendJson } from './server.ts';

/** How long `/readyz` waits for the store. */
const readyTimeoutMs = 2_000;

/**
 * `/healthz`: the process answers. `/readyz`: it can serve queries (503 while it cannot); a source that is down is shown but
 * does not make it unready, since stored figures can still be asked for; who does not log in or sees some channels only is told of no source. `/metrics`: Prometheus.
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
  const sendMetrics = async (response: ServerResponse): Promise<void> => {
    response.writeHead(200, { 'content-type': telemetry.registry.contentType });
    response.end(await telemetry.registry.metrics());
  };
  return [
    {
      method: 'GET',
      path: '/healthz',
      isForAnyHost: true,
      access: 'everybody',
      isBusy: true,
      handle: (_request, response) => sendJson(response, 200, { status: 'ok' }),
    },
    {
      method: 'GET',
      path: '/readyz',
      isForAnyHost: true,
      access: 'guest',
      isBusy: true,
      async handle(_request, response, { caller }) {
        const storeState = options.isStopping() ? 'stopping' : await stateOfStore(store);
        const sources = caller && caller.policy === undefined && circuitsOf(ingest, caller.workspaces);
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
      isBusy: true,
      ...(options.areMetricsPublic
        ? { access: 'everybody', handle: (_request, response) => sendMetrics(response) }
        : {
            access: 'admin',
            handle: (request, response, { caller }) =>
              caller.workspaces === 'all'
                ? sendMetrics(response)
                : refusePlainly(request, response, forbidden(forAllWorkspaces)),
          }),
    },
  ];
}

const forAllWorkspaces =
  '/metrics tells of all workspaces: it is for admins of all of them (--all-workspaces).';

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
