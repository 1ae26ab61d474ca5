import { z } from 'zod';
import { sharePath } from '../../views/share-links.ts';
import { refusals } from '../answers.ts';
import type { Answer, Operation, Parameter } from '../operation.ts';

const json = (value: unknown) => ({ type: 'application/json', value });

const page = (description: string): Answer => ({ description, content: { 'text/html': z.string() } });
const pageExample = { type: 'text/html', value: '<!doctype html>' };

const readiness = z
  .object({
    status: z.enum(['ready', 'not ready', 'stopping']),
    store: z.string(),
    sources: z
      .record(z.string(), z.object({ circuit: z.string() }))
      .optional()
      .describe('For callers who log in and may see all channels.'),
  })
  .meta({ id: 'Readiness' });

const healthOperations: readonly Operation[] = [
  {
    method: 'get',
    path: '/healthz',
    id: 'getHealth',
    tag: 'Service',
    summary: 'Whether the process answers',
    isPublic: true,
    answers: {
      200: {
        description: 'It does.',
        content: { 'application/json': z.object({ status: z.literal('ok') }) },
      },
    },
    examples: [{ name: 'alive', summary: 'It answers', status: 200, answer: json({ status: 'ok' }) }],
  },
  {
    method: 'get',
    path: '/readyz',
    id: 'getReadiness',
    tag: 'Service',
    summary: 'Whether queries can be answered',
    isPublic: true,
    answers: {
      200: { description: 'They can.', content: { 'application/json': readiness } },
      503: {
        description: 'They cannot, or the process is stopping.',
        content: { 'application/json': readiness },
      },
    },
    examples: [
      { name: 'ready', summary: 'Ready', status: 200, answer: json({ status: 'ready', store: 'ok' }) },
    ],
  },
  {
    method: 'get',
    path: '/metrics',
    id: 'getMetrics',
    tag: 'Service',
    summary: 'Prometheus metrics',
    description: 'For admins, unless METRICS_PUBLIC is set. docs/operations.md lists them.',
    answers: {
      200: { description: 'As Prometheus reads them.', content: { 'text/plain': z.string() } },
      ...refusals,
    },
    examples: [
      {
        name: 'metrics',
        summary: 'All metrics',
        status: 200,
        answer: { type: 'text/plain', value: '# HELP http_requests_total …' },
      },
    ],
  },
];

const token: Parameter = {
  name: 't',
  in: 'query',
  isRequired: true,
  description: 'The token of the link, as `shareView` made it.',
  schema: z.string(),
};

const shareOperations: readonly Operation[] = [
  {
    method: 'get',
    path: sharePath,
    id: 'openShareLink',
    tag: 'Share links',
    summary: 'The page of a share link',
    isPublic: true,
    parameters: [token],
    answers: {
      200: page('The page.'),
      404: page('The link does not work, or no longer.'),
      429: page('Too many links that do not work came from this address.'),
    },
    examples: [
      {
        name: 'ended',
        summary: 'A link that has ended',
        parameters: { t: 'ended' },
        status: 404,
        answer: pageExample,
      },
    ],
  },
  {
    method: 'get',
    path: `${sharePath}/answers`,
    id: 'askShareLink',
    tag: 'Share links',
    summary: 'The answer to one of the questions of a share link',
    isPublic: true,
    parameters: [
      token,
      {
        name: 'question',
        in: 'query',
        isRequired: true,
        description: 'Which of its questions, from 0.',
        schema: z.string().regex(/^\d$/),
      },
    ],
    answers: {
      200: { description: 'As `/graphql` answers it.', content: { 'application/json': z.looseObject({}) } },
      404: {
        description: 'The link does not work, or has no such question.',
        content: {
          'application/json': z.looseObject({ errors: z.array(z.looseObject({ message: z.string() })) }),
        },
      },
      429: {
        description: 'A limit of the link or the address is used up.',
        content: {
          'application/json': z.looseObject({ errors: z.array(z.looseObject({ message: z.string() })) }),
        },
      },
    },
    examples: [
      {
        name: 'ended',
        summary: 'A link that has ended',
        parameters: { t: 'ended', question: '0' },
        status: 404,
        answer: json({ errors: [{ message: 'This link does not work, or no longer.' }] }),
      },
    ],
  },
];

const form = (fields: z.ZodRawShape) => ({ 'application/x-www-form-urlencoded': z.object(fields) });
const next = z.string().optional().describe('The page to go on to.');

const loginOperations: readonly Operation[] = [
  {
    method: 'get',
    path: '/login',
    id: 'getLogin',
    tag: 'Login of browsers',
    summary: 'The form that asks for a key, or who is logged in',
    isPublic: true,
    answers: { 200: page('The form.') },
    examples: [{ name: 'form', summary: 'The form', status: 200, answer: pageExample }],
  },
  {
    method: 'post',
    path: '/login',
    id: 'logIn',
    tag: 'Login of browsers',
    summary: 'Keeps a key in a cookie',
    description: 'For utmql’s own pages. Programs send their key with each request.',
    isPublic: true,
    body: form({ key: z.string().describe('An API key or a token.'), next }),
    answers: {
      303: { description: 'Leads on to the page.' },
      401: page('The form again.'),
      403: page('The form of another site.'),
      413: page('Too long for a key.'),
      429: page('Too many wrong keys came from this address.'),
    },
    examples: [
      {
        name: 'wrong',
        summary: 'Not sent by our own page',
        body: { type: 'application/x-www-form-urlencoded', value: { key: 'nonsense' } },
        status: 403,
        answer: pageExample,
      },
    ],
  },
  {
    method: 'post',
    path: '/workspace',
    id: 'chooseWorkspace',
    tag: 'Login of browsers',
    summary: 'Chooses a workspace in a browser that is logged in',
    isPublic: true,
    body: form({ workspace: z.string(), next }),
    answers: {
      303: { description: 'Leads on to the page.' },
      401: page('Nobody is logged in.'),
      403: page('Not a workspace of the key, or the form of another site.'),
    },
    examples: [
      {
        name: 'foreign',
        summary: 'Not sent by our own page',
        body: { type: 'application/x-www-form-urlencoded', value: { workspace: 'acme' } },
        status: 403,
        answer: pageExample,
      },
    ],
  },
  {
    method: 'post',
    path: '/logout',
    id: 'logOut',
    tag: 'Login of browsers',
    summary: 'Forgets the key in this browser',
    isPublic: true,
    body: form({}),
    answers: { 303: { description: 'Leads on to the form.' }, 403: page('The form of another site.') },
    examples: [
      {
        name: 'foreign',
        summary: 'Not sent by our own page',
        body: { type: 'application/x-www-form-urlencoded', value: {} },
        status: 403,
        answer: pageExample,
      },
    ],
  },
];

export const serviceOperations: readonly Operation[] = [
  ...healthOperations,
  ...shareOperations,
  ...loginOperations,
];
