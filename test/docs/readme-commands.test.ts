import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import { glob } from 'tinyglobby';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { commands } from '../../src/cli/commands.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { knownVariables, readText } from '../support/deploy.ts';
import { shellCommands } from './shell-commands.ts';

const { version, scripts } = z
  .object({ version: z.string(), scripts: z.record(z.string(), z.string()) })
  .parse(JSON.parse(readText('package.json')));

/** What CI runs, and in it the words by which each command of README is run. */
const runElsewhere: Readonly<Record<string, readonly [file: string, words: string]>> = {
  'npm ci': ['.ci/run', '\nnpm ci '],
  'npm run lint': ['.ci/run', '\nnpm run lint\n'],
  'npm run typecheck': ['.ci/run', '\nnpm run typecheck\n'],
  'npm run codegen': ['.ci/run', '\nnpm run codegen\n'],
  'npm test': ['.ci/run', '\nnpm test\n'],
  'npm test -- test/http/cache.test.ts': ['.ci/run', '\nnpm test\n'],
  'npm run test:scenarios': ['.ci/nightly', '\nnpm run test:full\n'],
  'npm start': ['test/main.test.ts', "['npm', 'start']"],
  'npm run demo': ['test/demo/start-demo.ts', "builtProgram('demo')"],
  'npm pack': ['test/package/installed.ts', "run('npm', ['pack',"],
  [`npm install --global ./utmql-${version}.tgz`]: ['test/package/install.full.test.ts', "'--global'"],
  'utmql demo': ['test/demo/demo.full.test.ts', 'startDemo('],
};

const shown = shellCommands(readText('README.md'));
const calls = shown.map(({ text }) => text).filter((text) => text.startsWith('curl '));

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.close());

describe('README', () => {
  it('shows no command that nothing runs', () => {
    expect(shown.length).toBeGreaterThan(12);
    const others = shown.filter(({ text }) => !calls.includes(text));
    expect([...new Set(others.map(({ text }) => text))].sort()).toEqual(Object.keys(runElsewhere).sort());
    for (const [file, words] of Object.values(runElsewhere)) expect(readText(file), file).toContain(words);
    for (const name of ['start', 'demo', 'keys', 'backup', 'restore', 'rollups:advise'])
      expect(scripts[name]).toBe(`exec node dist/main.js ${name}`);
    for (const { variables } of shown) for (const name of variables) expect(knownVariables).toContain(name);
    for (const [, file = ''] of others.map(({ text }) => / (test\/\S+)/.exec(text) ?? []))
      if (file !== '') expect(existsSync(new URL(`../../${file}`, import.meta.url)), file).toBe(true);
  });

  it.each(calls)('%s', async (call) => {
    const here = call.replace('http://127.0.0.1:4000', app.url);
    const { stdout } = await promisify(execFile)('bash', ['-c', here]);
    expect(stdout).toMatch(/"status":"SUCCEEDED"|"accepted":1|"queued_at":/);
    expect(stdout).not.toContain('"errors"');
  });
});

describe('all pages', () => {
  it('name scripts of package.json, and commands and options of utmql', async () => {
    const pages = await glob(['*.md', 'docs/*.md'], { cwd: new URL('../../', import.meta.url).pathname });
    expect(pages.length).toBeGreaterThan(10);
    for (const page of pages) {
      const text = readText(page);
      for (const [, name = ''] of text.matchAll(/npm run (?:-s )?([a-z][\w:]*)/g))
        expect(Object.keys(scripts), page).toContain(name);
      const inline = [...text.matchAll(/`(utmql [a-z][^`\n]*)`/g)].map(([, call = '']) => call);
      for (const call of [...shellCommands(text).map((command) => command.text), ...inline]) {
        const [, name = '', rest = ''] = /(?:^|\butmql |-- )utmql ([\w:-]+)(.*)$/.exec(call) ?? [];
        if (name === '') continue;
        expect(Object.keys(commands), `${page}: ${call}`).toContain(name);
        const options = [...rest.matchAll(/ (--[a-z-]+)/g)].map(([, option = '']) => option.slice(2));
        const known = Object.keys(commands[name]?.options ?? {}).concat('help');
        for (const option of options) expect(known, `${page}: ${call}`).toContain(option.replace(/^no-/, ''));
      }
    }
  });
});
