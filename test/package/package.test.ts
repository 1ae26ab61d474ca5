import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { commands } from '../../src/cli/commands.ts';
import { createSqlReader } from '../faults/sql-reader.ts';
import { runProgram } from '../support/child-program.ts';
import { createMigratedDatabase } from '../support/database.ts';
import { keptDays } from '../support/template.ts';
import { type InstalledPackage, installPackage } from './installed.ts';

let installed: InstalledPackage;
beforeAll(async () => {
  installed = await installPackage();
});
afterAll(() => installed.remove());

/** Runs `utmql` as it is installed, in an empty folder and without any variable. */
function utmql(...args: string[]): Promise<{ code: number; output: string; errors: string }> {
  return new Promise((resolve) => {
    const options = { cwd: installed.folder, env: { PATH: process.env.PATH } };
    execFile(installed.command, args, options, (error, output, errors) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, output, errors }),
    );
  });
}

describe('the package', () => {
  it('has what runs, and neither sources, tests nor the engine', () => {
    expect(installed.size).toBeLessThan(1_200_000);
    const roots = new Set(installed.files.map((path) => path.split('/')[0]));
    expect([...roots].sort()).toEqual(
      [
        'LICENSE',
        'README.md',
        'SECURITY.md',
        'alerts.example.yaml',
        'clickhouse',
        'dist',
        'docs',
        'model.example.yaml',
      ].concat('package.json', 'schema', 'sources.example.yaml'),
    );
    expect(installed.files.filter((path) => /\.ts$|\.test\.|node_modules|^dist\/docs\//.test(path))).toEqual(
      [],
    );
  });

  it('prints its version, and helps with each command', async () => {
    const { version } = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'));
    expect(await utmql('--version')).toEqual({ code: 0, output: `${version}\n`, errors: '' });
    const all = await utmql('--help');
    expect(all).toMatchObject({ code: 0, errors: '' });
    const helped = await Promise.all(
      Object.entries(commands).map(async ([name, { options }]) => ({
        name,
        options: Object.keys(options),
        help: await utmql(name, '--help'),
      })),
    );
    for (const { name, options, help } of helped) {
      expect(all.output).toMatch(new RegExp(`^  ${name} `, 'm'));
      expect(help).toMatchObject({ code: 0, errors: '' });
      expect(help.output).toContain(`\n  utmql ${name}`);
      for (const option of options) expect(help.output).toMatch(new RegExp(`^  --${option}\\b`, 'm'));
    }
    expect(helped.length).toBeGreaterThanOrEqual(7);
  });

  it.each([
    [[], 'Usage: utmql COMMAND'],
    [['strat'], 'did you mean start?'],
    [['--versoin'], 'did you mean --version?'],
    [['start', '--chek'], 'There is no option --chek; did you mean --check?'],
    [['demo', '--port', '4000'], 'There is no option --port.'],
    [['start', 'now'], 'Unexpected argument "now".'],
    [['start', '--try-source'], "Option '--try-source <value>' argument missing."],
    [['start', '--try-source', 'a', '--try-source', 'b'], '--try-source is given twice.'],
    [['start', '--check=yes'], "Option '--check' does not take an argument."],
    [['keys', 'lst'], 'did you mean list?'],
    [['backup'], '--to NAME is missing.'],
  ])('%j ends with code 2 and a sentence, and starts nothing', async (args, message) => {
    const { code, output, errors } = await utmql(...args);
    expect({ code, output }).toEqual({ code: 2, output: '' });
    expect(errors).toContain(message);
    expect(await readdir(installed.folder)).toEqual([]);
  });

  it('starts utmql up to its first answer', async () => {
    const database = `package_${randomBytes(6).toString('hex')}`;
    await createMigratedDatabase(database);
    const login = inject('clickhouse');
    const environment = {
      CLICKHOUSE_URL: login.url,
      CLICKHOUSE_USER: login.username,
      CLICKHOUSE_PASSWORD: login.password,
      CLICKHOUSE_DATABASE: database,
      DATA_RETENTION_DAYS: String(keptDays),
    };
    const program = runProgram(environment, [installed.command, 'start']);
    const { url = '' } = await program.logged('utmql is ready');
    const answer = await fetch(`${url}?query={metrics(dateRange:{preset:YESTERDAY}){totals{cost}}}`);
    expect(await answer.json()).toEqual({ data: { metrics: { totals: { cost: 0 } } } });
    expect(await (await fetch(url, { headers: { accept: 'text/html' } })).text()).toContain('GraphiQL');
    program.child.kill('SIGTERM');
    expect(await program.ended).toBe(0);
    await createSqlReader(login, 'default').command(`DROP DATABASE ${database}`);
  });
});
