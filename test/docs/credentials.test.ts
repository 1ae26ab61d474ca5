import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { adapterNames, adapters } from '../../src/sources/adapters/adapters.ts';
import { readSourcesFile } from '../../src/sources/settings/sources-file.ts';
import { readText } from '../support/deploy.ts';

const page = readText('docs/credentials.md');
const sections = new Map(
  page
    .split(/^## /m)
    .slice(1)
    .map((section) => [section.split('\n')[0] ?? '', section]),
);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'utmql-credentials-'));
});
afterAll(() => rm(folder, { recursive: true }));

it('every adapter has a section, and a line in the table of rights', () => {
  expect([...sections.keys()].toSorted()).toEqual([...adapterNames].toSorted());
  for (const name of adapterNames) expect(page.split('\n## ')[0]).toContain(`(#${name})`);
});

const examplesOf = (section: string): string[] =>
  [...section.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, yaml = '']) => yaml);

describe.each(adapterNames)('the section of %s', (name) => {
  const section = sections.get(name) ?? '';

  it('has examples that can be read, with each secret from a variable', async () => {
    const examples = examplesOf(section);
    expect(examples).not.toEqual([]);
    const environment = new Proxy({}, { get: (_, variable) => `1${String(variable).length}` });
    for (const [index, yaml] of examples.entries()) {
      const file = join(folder, `${name}-${index}.yaml`);
      await writeFile(file, yaml);
      const { sources } = await readSourcesFile(file, environment, []);
      expect(sources.map(({ settings }) => settings.adapter)).toEqual(sources.map(() => name));
      for (const [, value] of yaml.matchAll(/(?:secret|token|password|bearer): ([^,\s]+)/g))
        expect(value).toMatch(/^"\$\{\w+\}"/);
    }
  });
});

describe.each(adapterNames.filter((name) => adapters[name].shortForm))('the section of %s', (name) => {
  it('names the settings that the adapter has, and all that it needs', () => {
    const section = sections.get(name) ?? '';
    const { account, credentials = [], optionalCredentials = [] } = adapters[name].shortForm ?? {};
    const named = [...section.matchAll(/`credentials\.(\w+)`/g)].map(([, key]) => key);
    expect(new Set(named)).toEqual(new Set([...credentials.flat(), ...optionalCredentials]));
    if (account !== undefined) expect(section).toContain(`| \`${account.key}\` |`);
    for (const set of credentials)
      expect(
        examplesOf(section).some((yaml) => set.every((key) => yaml.includes(`${key}:`))),
        set.join(),
      ).toBe(true);
  });
});
