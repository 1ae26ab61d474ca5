import type { IncomingMessage, ServerResponse } from 'node:http';
import { rateLimitFields } from '../limits/rate-limit-fields.ts';

const allowedHeaders = [
  'Authorization',
  'Content-Type',
  'X-API-Key',
  'X-Workspace',
  'X-Request-Id',
  'Idempotency-Key',
  'traceparent',
  'Mcp-Session-Id',
  'Mcp-Protocol-Version',
].join(', ');

const exposedHeaders = [
  'X-Request-Id',
  'Retry-After',
  ...rateLimitFields,
  'Cache-Status',
  'ETag',
  'Idempotent-Replayed',
  'Mcp-Session-Id',
].join(', ');

/** How long a browser need not ask again, seconds: the most that Chromium keeps. */
const preflightSeconds = '7200';

/** Lets pages of other sites call us from browsers. Cookies are never taken from them. */
export interface Cors {
  /** Says in the answer whether the page that asks may read it. */
  mark(request: IncomingMessage, response: ServerResponse): void;
  /** Answers a browser that asks before it sends a page's request. False when this is no such question. */
  answerPreflight(request: IncomingMessage, response: ServerResponse, methods: string): boolean;
}

/** @param origins those that may: `https://example.com`; `*` for all */
export function createCors(origins: readonly string[]): Cors {
  const isForAll = origins.includes('*');
  const allowed = ({ headers: { origin } }: IncomingMessage): string | undefined => {
    if (origin === undefined) return undefined;
    if (isForAll) return '*';
    return origins.includes(origin) ? origin : undefined;
  };
  return {
    mark(request, response) {
      if (origins.length === 0) return;
      if (!isForAll) response.appendHeader('Vary', 'Origin');
      const origin = allowed(request);
      if (origin === undefined) return;
      response.setHeader('Access-Control-Allow-Origin', origin);
      response.setHeader('Access-Control-Expose-Headers', exposedHeaders);
    },
    answerPreflight(request, response, methods) {
      const { origin, 'access-control-request-method': asked } = request.headers;
      if (request.method !== 'OPTIONS' || origin === undefined || asked === undefined) return false;
      if (allowed(request) === undefined) {
        response.writeHead(403, { 'Content-Length': '0' }).end();
        return true;
      }
      response.setHeader('Access-Control-Allow-Methods', methods);
      response.setHeader('Access-Control-Allow-Headers', allowedHeaders);
      response.setHeader('Access-Control-Max-Age', preflightSeconds);
      response.removeHeader('Access-Control-Expose-Headers');
      response.writeHead(204).end();
      return true;
    },
  };
}
