import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generate } from '@graphql-codegen/cli';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { makeKeys, type TestKeys } from '../support/keys.ts';
import { channelQuestion } from './channel-question.ts';

// GraphQL Code Generator against a running utmql, with the key of a viewer.

let keys: TestKeys;
let app: TestApp;
let folder: string;
let headers: Record<string, string>;

beforeAll(async () => {
  keys = await makeKeys();
  headers = await keys.create({ role: 'viewer', workspace: ['default'] });
  app = await startTestApp({ environment: { API_KEYS_FILE: keys.file } });
  folder = await mkdtemp(join(tmpdir(), 'utmql-codegen-'));
  await writeFile(join(folder, 'channels.graphql'), channelQuestion);
});
afterAll(async () => {
  await app.close();
  await keys.close();
  await rm(folder, { recursive: true, force: true });
});

const typesFrom = async (path: string): Promise<string | undefined> => {
  const files: readonly { filename: string; content: string }[] = await generate(
    {
      schema: [{ [`${app.url}${path}`]: { headers } }],
      documents: join(folder, '*.graphql'),
      generates: { [`${folder}/generated/`]: { preset: 'client' } },
      silent: true,
    },
    false,
  );
  return files.find(({ filename }) => filename.endsWith('generated/graphql.ts'))?.content;
};

it('makes types by introspection', async () => {
  expect(await typesFrom('/graphql')).toContain('export type ChannelsQueryVariables');
});

it('makes types from /schema.graphql, with exactly one way to say a range (@oneOf), for which its introspection does not ask', async () => {
  const types = await typesFrom('/schema.graphql');
  expect(types).toContain('export type ChannelsQueryVariables');
  expect(types).toMatch(/between: DaysBetweenInput; last\?: never; preset\?: never;/);
});
