import type { ServerResponse } from 'node:http';
import type { Caller } from '../access/caller.ts';
import type { Ingest } from '../ingest/pull/pulls.ts';
import type { Telemetry } from '../telemetry.ts';
import type { Route } from './route.ts';
import type { StoreProbe } from './store-probe.ts';

/**
 * `/healthz`: the process answers. `/readyz`: it can serve queries (503 while it cannot); a source that is down is shown but
 * does not make it unready, since stored figures can still be asked for, and so is a full disk of ClickHouse; who does not log in or sees some channels only is told of no source. `/metrics`: Prometheus;
 * an admin is told of the sources of their workspaces.
 */
export function healthRoutes(options: {
  storeState: StoreProbe;
  ingest: Ingest;
  telemetry: Telemetry;
  isStopping: () => boolean;
  /** Whether `/metrics` asks nobody who they are. */
  areMetricsPublic: boolean;
}): Route[] {
  const { storeState, ingest, telemetry } = options;
  const sendMetrics = async (
    response: ServerResponse,
    workspaces: Caller['workspaces'] = 'all',
  ): Promise<void> => {
    const text = await telemetry.registry.metrics();
    response.writeHead(200, { 'content-type': telemetry.registry.contentType });
    response.end(workspaces === 'all' ? text : ofSources(text, sourcesOf(ingest, workspaces)));
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
        const state = options.isStopping() ? 'stopping' : await storeState();
        const sources = caller && caller.policy === undefined && circuitsOf(ingest, caller.workspaces);
        const ready = state === 'ok' || state === 'disk full';
        sendJson(response, ready ? 200 : 503, {
          status: ready ? 'ready' : state === 'stopping' ? 'stopping' : 'not ready',
          store: state,
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
            handle: (_request, response, { caller }) => sendMetrics(response, caller.workspaces),
          }),
    },
  ];
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' });
  response.end(`${JSON.stringify(body)}\n`);
}

/** Those of these workspaces. */
const sourcesOf = ({ sources }: Ingest, workspaces: Caller['workspaces']) =>
  sources.filter(({ workspace }) => workspaces === 'all' || workspaces.includes(workspace));

/** Prometheus’ text without the series of other sources; breakers have the source as their name. */
function ofSources(text: string, own: readonly { readonly name: string }[]): string {
  const known = new Set(['push', 'clickhouse', ...own.map(({ name }) => name)]);
  return text
    .split('\n')
    .filter((line) => {
      const source = /[{,](?:source|name)="([^"]*)"/.exec(line)?.[1];
      return source === undefined || known.has(source);
    })
    .join('\n');
}

function circuitsOf(ingest: Ingest, workspaces: Caller['workspaces']) {
  const own = sourcesOf(ingest, workspaces);
  return Object.fromEntries(own.map((source) => [source.name, { circuit: source.state() }]));
}
