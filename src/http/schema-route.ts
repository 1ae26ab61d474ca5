import { forbidden } from '../access/refusals.ts';
import { schema } from '../graphql/schema.ts';
import { printSdl } from '../graphql/sdl.ts';
import type { Role } from '../roles.ts';
import { keptInCodings } from './compression/compressed-copies.ts';
import { sendBody } from './compression/send-body.ts';
import { etagOf } from './etag.ts';
import type { Route } from './route.ts';

/** `GET /schema.graphql`: the schema as text, for those who may introspect it. */
export function createSchemaRoute(introspectionRoles: readonly Role[]): Route {
  let printed: ReturnType<typeof print> | undefined;
  const print = () => {
    const sdl = Buffer.from(printSdl(schema));
    return { body: sdl, etag: etagOf(sdl), inCoding: keptInCodings(sdl) };
  };
  return {
    method: 'GET',
    path: '/schema.graphql',
    access: 'follow',
    isCrossOrigin: true,
    handle(request, response, { caller }) {
      if (!introspectionRoles.includes(caller.role))
        throw forbidden(
          `/schema.graphql is not for the role ${caller.role}; the operator can allow it (INTROSPECTION_ROLES).`,
        );
      printed ??= print();
      response.appendHeader('Vary', 'Authorization, Cookie, X-API-Key, X-Workspace');
      response.setHeader('Cache-Control', 'private, max-age=0, must-revalidate');
      const headers = { 'Content-Type': 'text/plain; charset=utf-8' };
      return sendBody(request, response, { status: 200, headers, ...printed });
    },
  };
}
