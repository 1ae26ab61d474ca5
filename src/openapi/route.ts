import { keptInCodings } from '../http/compression/compressed-copies.ts';
import { sendBody } from '../http/compression/send-body.ts';
import { etagOf } from '../http/etag.ts';
import type { Route } from '../http/route.ts';
import { openapiDocument } from './document.ts';

/** `GET /openapi.json`: what the endpoints take and answer. It holds nothing of a team, and anybody may read it. */
export function createOpenapiRoute(): Route {
  let made: ReturnType<typeof make> | undefined;
  const make = () => {
    const body = Buffer.from(JSON.stringify(openapiDocument()));
    return { body, etag: etagOf(body), inCoding: keptInCodings(body) };
  };
  return {
    method: 'GET',
    path: '/openapi.json',
    access: 'everybody',
    isCrossOrigin: true,
    handle(request, response) {
      made ??= make();
      response.setHeader('Cache-Control', 'public, max-age=0, must-revalidate');
      const headers = { 'Content-Type': 'application/json; charset=utf-8' };
      return sendBody(request, response, { status: 200, headers, ...made });
    },
  };
}
