import type { GraphQLSchema } from 'graphql';
import { forbidden } from '../access/refusals.ts';
import { schemaOf } from '../graphql/model-schema.ts';
import { printSdl } from '../graphql/sdl.ts';
import type { Model } from '../metrics/model.ts';
import type { Role } from '../roles.ts';
import { keptInCodings } from './compression/compressed-copies.ts';
import { sendBody } from './compression/send-body.ts';
import { etagOf } from './etag.ts';
import type { Route } from './route.ts';

/**
 * `GET /schema.graphql`: the schema as text, for those who may introspect it.
 *
 * @param model what is in force; undefined: there is none
 */
export function createSchemaRoute(
  introspectionRoles: readonly Role[],
  model: () => Model | undefined,
): Route {
  let printed: ReturnType<typeof print> | undefined;
  const print = (schema: GraphQLSchema) => {
    const sdl = Buffer.from(printSdl(schema));
    return { schema, body: sdl, etag: etagOf(sdl), inCoding: keptInCodings(sdl) };
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
      const schema = schemaOf(model());
      if (printed?.schema !== schema) printed = print(schema);
      const { body, etag, inCoding } = printed;
      response.appendHeader('Vary', 'Authorization, Cookie, X-API-Key, X-Workspace');
      response.setHeader('Cache-Control', 'private, max-age=0, must-revalidate');
      const headers = { 'Content-Type': 'text/plain; charset=utf-8' };
      return sendBody(request, response, { status: 200, headers, body, etag, inCoding });
    },
  };
}
