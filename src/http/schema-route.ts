import { forbidden } from '../access/refusals.ts';
import { schema } from '../graphql/schema.ts';
import { printSdl } from '../graphql/sdl.ts';
import type { Role } from '../roles.ts';
import { etagOf, isKnown } from './etag.ts';
import type { Route } from './route.ts';

/** `GET /schema.graphql`: the schema as text, for those who may introspect it. */
export function createSchemaRoute(introspectionRoles: readonly Role[]): Route {
  let printed: { readonly sdl: Buffer; readonly etag: string } | undefined;
  const print = () => {
    const sdl = Buffer.from(printSdl(schema));
    return { sdl, etag: etagOf(sdl) };
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
      const { sdl, etag } = printed;
      response.appendHeader('Vary', 'Authorization, Cookie, X-API-Key, X-Workspace');
      response.setHeader('Cache-Control', 'private, max-age=0, must-revalidate');
      response.setHeader('ETag', etag);
      if (isKnown(request, etag)) {
        response.writeHead(304).end();
        return;
      }
      response
        .writeHead(200, { 'Content-Type': 'text/plain; charset=utf-8', 'Content-Length': sdl.length })
        .end(sdl);
    },
  };
}
