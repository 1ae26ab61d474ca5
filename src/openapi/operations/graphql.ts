import { z } from 'zod';
import { paramsShape } from '../../http/graphql-params.ts';
import { refusals, workspaceHeader } from '../answers.ts';
import type { Operation, Parameter } from '../operation.ts';

const graphqlAnswer = z
  .object({
    data: z.looseObject({}).nullish(),
    errors: z
      .array(
        z.looseObject({
          message: z.string(),
          path: z.array(z.union([z.string(), z.int()])).optional(),
          extensions: z.looseObject({ code: z.string() }),
        }),
      )
      .optional(),
  })
  .meta({ id: 'GraphqlAnswer', description: 'As the GraphQL specification has it.' });

const content = {
  'application/json': graphqlAnswer,
  'application/graphql-response+json': graphqlAnswer,
};
const wrong = { description: 'The request itself is wrong.', content };
const answers = {
  200: {
    description: 'The answer. With `application/json`, wrong questions get 200 and `errors`, too.',
    content,
  },
  400: wrong,
  401: { ...refusals[401], content },
  403: { ...refusals[403], content },
  413: { ...wrong, description: 'The body is larger than MAX_BODY_BYTES.' },
  415: { ...wrong, description: 'The body is not application/json.' },
  429: { ...refusals[429], content },
  503: { ...refusals[503], content },
};

const jsonText = (description: string, name: string): Parameter => ({
  name,
  in: 'query',
  description,
  schema: z.string(),
});

const figures = 'query Cost($range: DateRangeInput!) { metrics(dateRange: $range) { totals { cost } } }';
const range = { range: { between: { from: '2025-08-01', to: '2025-08-31' } } };
const data = { type: 'application/json', value: { data: { metrics: { totals: { cost: 350.75 } } } } };

export const graphqlOperations: readonly Operation[] = [
  {
    method: 'post',
    path: '/graphql',
    id: 'askGraphql',
    tag: 'GraphQL',
    summary: 'Answers a query or a mutation',
    description:
      'The schema is at `/schema.graphql`. A subscription is answered as `text/event-stream`. docs/api.md has queries with answers.',
    parameters: [workspaceHeader],
    body: { 'application/json': paramsShape },
    answers,
    examples: [
      {
        name: 'figures',
        summary: 'A query with variables',
        body: { type: 'application/json', value: { query: figures, variables: range } },
        status: 200,
        answer: data,
      },
      {
        name: 'persisted',
        summary: 'A persisted document of the manifest, by its name',
        body: {
          type: 'application/json',
          value: { documentId: 'ChannelPerformance', variables: { ...range, first: 10 } },
        },
        status: 200,
        answer: { type: 'application/json', value: { data: { metrics: { nodes: [] } } } },
      },
      {
        name: 'trigger',
        summary: 'Starts runs of all sources, as a scheduler does',
        body: {
          type: 'application/json',
          value: {
            query:
              'mutation Trigger($input: TriggerIngestInput!) { triggerIngest(input: $input) { runs { id source status } } }',
            variables: { input: { idempotencyKey: 'nightly-2025-08-02' } },
          },
        },
        status: 200,
        answer: {
          type: 'application/json',
          value: { data: { triggerIngest: { runs: [{ id: '0198', source: 'ads', status: 'PENDING' }] } } },
        },
      },
      {
        name: 'misspelt',
        summary: 'A value that an enum does not have',
        body: {
          type: 'application/json',
          value: { query: '{ metrics(dateRange: { preset: LAST_DECADE }) { totals { cost } } }' },
        },
        status: 200,
        answer: {
          type: 'application/json',
          value: {
            errors: [{ message: 'dateRange.preset: …', extensions: { code: 'BAD_USER_INPUT' } }],
          },
        },
      },
    ],
  },
  {
    method: 'get',
    path: '/graphql',
    id: 'getGraphql',
    tag: 'GraphQL',
    summary: 'Answers a query in the address, which browsers and proxies may keep',
    description: 'Browsers that ask for `text/html` get GraphiQL.',
    parameters: [
      workspaceHeader,
      jsonText('The document. Or give documentId.', 'query'),
      jsonText('Hash or name of a persisted document.', 'documentId'),
      jsonText('Which operation of the document.', 'operationName'),
      jsonText('The variables as JSON.', 'variables'),
      jsonText('Extensions as JSON: `{"persistedQuery":{"version":1,"sha256Hash":"…"}}`.', 'extensions'),
    ],
    answers,
    examples: [
      {
        name: 'figures',
        summary: 'A query with variables',
        parameters: { query: figures, variables: JSON.stringify(range) },
        status: 200,
        answer: data,
      },
    ],
  },
  {
    method: 'get',
    path: '/schema.graphql',
    id: 'getSchema',
    tag: 'GraphQL',
    summary: 'The schema as text (SDL)',
    description: 'For the roles in INTROSPECTION_ROLES. It has the dimensions and measures of MODEL_FILE.',
    answers: {
      200: { description: 'The schema.', content: { 'text/plain': z.string() } },
      ...refusals,
    },
    examples: [
      {
        name: 'schema',
        summary: 'The whole schema',
        status: 200,
        answer: { type: 'text/plain', value: 'type Query {' },
      },
    ],
  },
  {
    method: 'get',
    path: '/openapi.json',
    id: 'getOpenapi',
    tag: 'GraphQL',
    summary: 'This description',
    isPublic: true,
    answers: {
      200: {
        description: 'OpenAPI 3.1.',
        content: { 'application/json': z.looseObject({ openapi: z.string() }) },
      },
    },
    examples: [
      {
        name: 'description',
        summary: 'The whole description',
        status: 200,
        answer: { type: 'application/json', value: { openapi: '3.1.0' } },
      },
    ],
  },
];
