import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { august, channelFigures, startClientApp } from './channel-question.ts';

const schema = fileURLToPath(new URL('../../schema/schema.graphql', import.meta.url));
const compiler = fileURLToPath(import.meta.resolve('relay-compiler/cli.js'));

const channelTable = `import { graphql } from 'react-relay';

export const query = graphql\`
  query ChannelTableQuery($range: DateRangeInput!) {
    metrics(dateRange: $range, groupBy: [CHANNEL], orderBy: [{ measure: COST, direction: DESC }]) {
      nodes { ...ChannelTable_row }
      totals { clicks cost leads revenue }
      totalCount
    }
  }
\`;

export const row = graphql\`
  fragment ChannelTable_row on MetricsNode { channel clicks cost leads revenue cpc cpa roas }
\`;
`;

let folder: string;
const persisted = () => join(folder, 'persisted.json');
const artifact = (name: string) => readFile(join(folder, 'src/__generated__', `${name}.graphql.ts`), 'utf8');

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'utmql-relay-'));
  await mkdir(join(folder, 'src'));
  await writeFile(persisted(), '{}');
  await writeFile(
    join(folder, 'relay.config.json'),
    JSON.stringify({
      src: 'src',
      schema,
      language: 'typescript',
      eagerEsModules: true,
      customScalarTypes: { LocalDate: 'string', DateTime: 'string', SafeInt: 'number' },
      persistConfig: { file: 'persisted.json', algorithm: 'SHA256' },
    }),
  );
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Runs relay-compiler on the printed schema and one module. */
async function compile(module: string): Promise<void> {
  await writeFile(join(folder, 'src/ChannelTable.ts'), module);
  await promisify(execFile)(process.execPath, [compiler, '--noWatchman', 'relay.config.json'], {
    cwd: folder,
  });
}

it('compiles a query and a fragment, with types that tell what can be null', async () => {
  await compile(channelTable);
  const row = await artifact('ChannelTable_row');
  expect(row).toContain('readonly channel: string | null | undefined;');
  expect(row).toContain('readonly cost: number | null | undefined;');
  expect(row).toContain('readonly leads: number;');
  expect(row).toContain('readonly clicks: number | null | undefined;');
  expect(row).toContain('readonly roas: number | null | undefined;');
  // Exactly one of the ways to say a range: @oneOf.
  expect(await artifact('ChannelTableQuery')).toMatch(/between: DaysBetweenInput;\s+last\?: never;/);
});

it('answers what Relay persisted, by its id', async () => {
  await compile(channelTable);
  const documents = z.record(z.string(), z.string()).parse(JSON.parse(await readFile(persisted(), 'utf8')));
  const [documentId] = Object.keys(documents);
  const app = await startClientApp({ PERSISTED_MANIFEST: persisted() });
  try {
    const response = await fetch(`${app.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ documentId, variables: { range: august } }),
    });
    expect(await response.json()).toEqual({ data: { metrics: channelFigures } });
  } finally {
    await app.close();
  }
});

it('names the argument that is wrong', async () => {
  await expect(compile(channelTable.replace('groupBy:', 'groupedBy:'))).rejects.toMatchObject({
    stderr: expect.stringMatching(/Unknown argument 'groupedBy' .*Did you mean `groupBy`/),
  });
});
