import type { Server } from 'node:http';

/** What one connection may take of the server's time and memory. */
export interface ConnectionLimits {
  /** Longest until all headers of a request are here, however slowly they dribble. */
  readonly headersMs: number;
  /** How often that is looked at. */
  readonly checkMs: number;
  /** Longest for the body of a request, where it is not streamed. */
  readonly bodyMs: number;
  /** Connections at a time; more are closed at once. */
  readonly most: number;
}

export const usualConnectionLimits = { headersMs: 10_000, checkMs: 1_000, bodyMs: 60_000 } as const;

/** Bytes of a request's address and headers. */
export const maxHeaderBytes = 16_384;

/** Headers of a request; more are left out. */
const maxHeaders = 100;

export function limitConnections(server: Server, limits: ConnectionLimits): void {
  server.headersTimeout = limits.headersMs;
  server.maxHeadersCount = maxHeaders;
  server.maxConnections = limits.most;
  // Longer than the idle time of common load balancers, so that they and not we close an idle connection.
  server.keepAliveTimeout = 65_000;
  // It would end a long push in its middle; bodies have bounds of their own.
  server.requestTimeout = 0;
}
