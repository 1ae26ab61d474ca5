import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { openapiDocument } from '../../src/openapi/document.ts';
import { dashboardPaths } from '../../src/views/address.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { makeKeys, type TestKeys } from '../support/keys.ts';

const examples = z.record(z.string(), z.object({ value: z.unknown() })).default({});
const content = z.record(z.string(), z.object({ schema: z.looseObject({}), examples })).default({});
const operationShape = z.looseObject({
  operationId: z.string(),
  security: z.array(z.unknown()).optional(),
  parameters: z.array(z.object({ name: z.string(), in: z.enum(['query', 'header']), examples })).default([]),
  requestBody: z.object({ content }).optional(),
  responses: z.record(z.string(), z.looseObject({ content, 'x-examples': z.array(z.string()).default([]) })),
});
const documentShape = z.object({
  paths: z.record(z.string(), z.record(z.string(), operationShape)),
  components: z.looseObject({ schemas: z.record(z.string(), z.unknown()) }),
});

const document = documentShape.parse(openapiDocument());

interface Example {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly operation: z.infer<typeof operationShape>;
  readonly status: number;
}

/** Every example that an answer of the document has. */
const all: readonly Example[] = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).flatMap(([method, operation]) =>
    Object.entries(operation.responses).flatMap(([status, { content: types, 'x-examples': bare }]) => {
      const names = [...bare, ...Object.values(types).flatMap((type) => Object.keys(type.examples))];
      return names.map((name) => ({ name, method, path, operation, status: Number(status) }));
    }),
  ),
);

let keys: TestKeys;
let app: TestApp;
let admin: Record<string, string>;
beforeAll(async () => {
  keys = await makeKeys();
  admin = await keys.create({ role: 'admin', workspace: ['default'] });
  app = await startTestApp({ environment: { API_KEYS_FILE: keys.file, EVENT_RETENTION_DAYS: '20000' } });
});
afterAll(async () => {
  await app.close();
  await keys.close();
});

/** Sends the request of an example, as a reader of the document would. */
function send({ name, method, path, operation }: Example): Promise<Response> {
  const given = (place: 'query' | 'header') =>
    operation.parameters.flatMap((parameter): [string, string][] => {
      const example = parameter.examples[name];
      return parameter.in === place && example !== undefined ? [[parameter.name, String(example.value)]] : [];
    });
  const [type, value] =
    Object.entries(operation.requestBody?.content ?? {}).flatMap(([key, { examples: own }]) => {
      const example = own[name];
      return example === undefined ? [] : [[key, example.value] as const];
    })[0] ?? [];
  const body =
    type === undefined
      ? undefined
      : type === 'application/x-www-form-urlencoded'
        ? new URLSearchParams(value as Record<string, string>).toString()
        : typeof value === 'string'
          ? value
          : JSON.stringify(value);
  const search = new URLSearchParams(given('query')).toString();
  return fetch(`${app.url}${path}${search === '' ? '' : `?${search}`}`, {
    method: method.toUpperCase(),
    redirect: 'manual',
    headers: {
      ...(operation.security === undefined && admin),
      ...(type !== undefined && { 'content-type': type }),
      accept: 'application/json, text/event-stream, text/plain',
      ...Object.fromEntries(given('header')),
    },
    ...(body !== undefined && { body }),
  });
}

describe('the examples of /openapi.json', () => {
  const ajv = new Ajv2020({ strict: false, validateFormats: false });

  it('every operation has one', () => {
    const ids = Object.values(document.paths).flatMap((methods) =>
      Object.values(methods).map(({ operationId }) => operationId),
    );
    expect(new Set(all.map(({ operation }) => operation.operationId))).toEqual(new Set(ids));
  });

  it.each(
    all.map((example) => [example.method, example.path, example.name, example] as const),
  )('%s %s: %s', async (_method, _path, _name, example) => {
    const response = await send(example);
    const text = await response.text();
    expect(response.status, text).toBe(example.status);
    const answers = example.operation.responses[String(example.status)]?.content ?? {};
    const type = response.headers.get('content-type')?.split(';')[0] ?? '';
    if (Object.keys(answers).length === 0) return expect(text).toBe('');
    const answer = answers[type];
    expect(answer, `${type} is none of ${Object.keys(answers).join(', ')}`).toBeDefined();
    const matches = ajv.compile({ ...answer?.schema, components: document.components });
    const isJson = type.endsWith('json');
    expect(matches(isJson ? JSON.parse(text) : text), JSON.stringify(matches.errors)).toBe(true);
    const shown = answer?.examples[example.name]?.value;
    expect(matches(shown), JSON.stringify(matches.errors)).toBe(true);
    if (isJson && typeof shown === 'object' && shown !== null)
      expect(Object.keys(JSON.parse(text))).toEqual(expect.arrayContaining(Object.keys(shown)));
  });
});

describe('/openapi.json', () => {
  it('is what the repository has', async () => {
    const answer = await fetch(`${app.url}/openapi.json`);
    expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(await answer.json()).toEqual(JSON.parse(readFileSync('schema/openapi.json', 'utf8')));
    const etag = answer.headers.get('etag') ?? '';
    expect((await fetch(`${app.url}/openapi.json`, { headers: { 'if-none-match': etag } })).status).toBe(304);
  });

  it('has every endpoint that there is, and no other', async () => {
    const answer = await fetch(`${app.url}/nothing`, { headers: admin });
    const { error } = (await answer.json()) as { error: { message: string } };
    const [, list = ''] = /try (.*)\.$/.exec(error.message) ?? [];
    const pages = new Set<string>([...dashboardPaths, '/icon.svg', '/graphiql.js', '/graphiql.css']);
    const endpoints = list.split(', ').filter((path) => !pages.has(path));
    expect(Object.keys(document.paths).toSorted()).toEqual(endpoints.toSorted());
  });

  it('what asks for a key refuses who has none, and what does not, does not', async () => {
    for (const example of all) {
      const { path, method, operation } = example;
      const response = await fetch(`${app.url}${path}`, {
        method: method.toUpperCase(),
        redirect: 'manual',
        headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
        ...(method === 'post' && { body: '{}' }),
      });
      if (operation.security === undefined) expect([path, response.status]).toEqual([path, 401]);
      else expect([path, response.status]).not.toEqual([path, 401]);
      await response.body?.cancel();
    }
  });
});
