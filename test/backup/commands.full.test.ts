import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { builtProgram } from '../support/built-program.ts';
import { runProgram } from '../support/child-program.ts';

it('the commands back up and restore the program’s own server', { timeout: 120_000 }, async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'utmql-backup-'));
  const run = async (
    ...args: [string, ...string[]]
  ): Promise<{ code: number | null; output: string; errors: string }> => {
    const program = runProgram({ DATA_DIR: dataDir }, builtProgram(...args));
    const code = await program.ended;
    return { code, output: program.output(), errors: program.errors() };
  };
  try {
    const program = runProgram({ DATA_DIR: dataDir });
    await program.logged('utmql is ready');
    const { errors } = await run('backup', '--to', 'one');
    expect(errors).toContain('is using the data folder');
    expect(errors).toContain('utmql must not be running');
    program.child.kill('SIGTERM');
    expect(await program.ended).toBe(0);
    expect(await run('backup', '--to', 'one')).toMatchObject({
      code: 0,
      output: expect.stringContaining('The backup one is made'),
    });
    expect(await run('restore', '--from', 'one')).toMatchObject({
      code: 1,
      errors: expect.stringContaining('--replace'),
    });
    expect(await run('restore', '--from', 'one', '--replace')).toMatchObject({ code: 0 });
    expect(await run('restore')).toMatchObject({
      code: 2,
      errors: '--from NAME is missing. See: utmql restore --help\n',
    });
    expect(await run('backup', '--too', 'one')).toMatchObject({
      code: 2,
      errors: 'There is no option --too; did you mean --to? See: utmql backup --help\n',
    });
  } finally {
    await rm(dataDir, { recursive: true, force: true, maxRetries: 10, retryDelay: 500 });
  }
});
