import { z } from 'zod';
import { version } from '../version.ts';
import type { Answer, Example, Operation, Parameter, Schema } from './operation.ts';
import { exportOperations } from './operations/exports.ts';
import { graphqlOperations } from './operations/graphql.ts';
import { mcpOperations } from './operations/mcp.ts';
import { pushOperations, recordSchemas } from './operations/pushes.ts';
import { serviceOperations } from './operations/service.ts';

const operations: readonly Operation[] = [
  ...graphqlOperations,
  ...exportOperations,
  ...mcpOperations,
  ...pushOperations,
  ...serviceOperations,
];

const tags: Readonly<Record<string, string>> = {
  GraphQL: 'Figures, records, runs: everything that is asked, and what is changed.',
  Agents: 'The same figures for agents, read-only.',
  Records: 'Pushed records.',
  'Share links': 'Figures of one view without a login.',
  'Login of browsers': 'The login of utmql’s own pages.',
  Service: 'For those who operate utmql.',
};

type Json = Readonly<Record<string, unknown>>;

/** Returns the description of the HTTP endpoints: OpenAPI 3.1. Pages and their files are no part of it. */
export function openapiDocument(): Json {
  const schemas: Record<string, unknown> = recordSchemas();
  const schemaOf = (schema: Schema): unknown =>
    schema instanceof z.ZodType ? fromZod(schema, schemas) : schema;
  const paths: Record<string, Record<string, unknown>> = {};
  for (const operation of operations) {
    paths[operation.path] = { ...paths[operation.path], [operation.method]: describe(operation, schemaOf) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'utmql',
      version,
      summary: 'What did we spend, and what came of it?',
      description:
        'The HTTP endpoints of utmql. Figures are asked by GraphQL; its schema is at /schema.graphql. Where API keys or tokens are set up, every request names one.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    security: [{ bearer: [] }, { apiKey: [] }],
    tags: Object.entries(tags).map(([name, description]) => ({ name, description })),
    paths,
    components: {
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: 'An API key or a token (JWT).' },
        apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key', description: 'An API key.' },
      },
      schemas,
    },
  };
}

/** Schemas with an id become components. */
function fromZod(schema: z.ZodType, components: Record<string, unknown>): unknown {
  const {
    $schema: _schema,
    $defs,
    ...own
  } = z.toJSONSchema(schema, {
    io: 'input',
    unrepresentable: 'any',
    reused: 'inline',
  });
  for (const [name, definition] of Object.entries($defs ?? {})) components[name] = toComponents(definition);
  const { id } = schema.meta() ?? {};
  if (id === undefined) return toComponents(own);
  if ($defs?.[id] === undefined) components[id] = toComponents(own);
  return { $ref: `#/components/schemas/${id}` };
}

/** zod refers to `#/$defs`, and repeats ids, which no keyword of OpenAPI is. */
const toComponents = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value).replaceAll('"#/$defs/', '"#/components/schemas/'),
    (key, inner: unknown) => (key === 'id' && typeof inner === 'string' ? undefined : inner),
  );

function describe(operation: Operation, schemaOf: (schema: Schema) => unknown): Json {
  const { id, tag, summary, description, isPublic, parameters = [], body, answers, examples } = operation;
  return {
    operationId: id,
    tags: [tag],
    summary,
    ...(description !== undefined && { description }),
    ...(isPublic && { security: [] }),
    ...(parameters.length > 0 && {
      parameters: parameters.map((parameter) => describeParameter(parameter, examples, schemaOf)),
    }),
    ...(body && {
      requestBody: {
        required: true,
        content: mapValues(body, (schema, type) => ({
          schema: schemaOf(schema),
          ...named(
            examples.filter((example) => example.body?.type === type),
            (example) => example.body?.value,
          ),
        })),
      },
    }),
    responses: mapValues(answers, (answer, status) => describeAnswer(answer, status, examples, schemaOf)),
  };
}

const describeParameter = (
  { name, in: place, description, schema, isRequired }: Parameter,
  examples: readonly Example[],
  schemaOf: (schema: Schema) => unknown,
): Json => ({
  name,
  in: place,
  description,
  ...(isRequired && { required: true }),
  schema: schemaOf(schema),
  ...named(
    examples.filter((example) => example.parameters?.[name] !== undefined),
    (example) => example.parameters?.[name],
  ),
});

const describeAnswer = (
  { description, content }: Answer,
  status: string,
  examples: readonly Example[],
  schemaOf: (schema: Schema) => unknown,
): Json => {
  const own = examples.filter((example) => String(example.status) === status);
  return {
    description,
    // Which examples get an answer without a body.
    ...(content === undefined && own.length > 0 && { 'x-examples': own.map(({ name }) => name) }),
    ...(content && {
      content: mapValues(content, (schema, type) => ({
        schema: schemaOf(schema),
        ...named(
          own.filter(({ answer }) => answer?.type === type),
          ({ answer }) => answer?.value,
        ),
      })),
    }),
  };
};

/** Examples of a request and its answer have one name. */
const named = (examples: readonly Example[], pick: (example: Example) => unknown): Json =>
  examples.length === 0
    ? {}
    : {
        examples: Object.fromEntries(
          examples.map((example) => [example.name, { summary: example.summary, value: pick(example) }]),
        ),
      };

const mapValues = <Value>(
  values: Readonly<Record<string, Value>>,
  map: (value: Value, name: string) => unknown,
): Json => Object.fromEntries(Object.entries(values).map(([name, value]) => [name, map(value, name)]));
