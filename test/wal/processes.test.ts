import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { all, failure, useBuffers } from './folders.ts';

const { newFolder, open } = useBuffers();
const program = fileURLToPath(new URL('appending-process.ts', import.meta.url));

const children = new Set<ChildProcess>();
afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
  children.clear();
});

/** A process that appends as fast as it can; `lines` are the ids that it has heard to be durable, and its last words. */
function startAppending(folder: string, prefix: string) {
  const child = spawn(process.execPath, ['--import', 'tsx', program, folder, prefix]);
  children.add(child);
  let output = '';
  let errors = '';
  let wanted: { readonly lines: number; readonly reached: () => void } | undefined;
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
    if (wanted !== undefined && output.split('\n').length > wanted.lines) wanted.reached();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  return {
    child,
    closed: once(child, 'close'),
    lines: () => output.split('\n').slice(0, -1),
    errors: () => errors,
    reached: (lines: number) =>
      new Promise<void>((resolve, reject) => {
        wanted = { lines, reached: resolve };
        child.once('close', () => reject(new Error(`ended too early: ${errors}`)));
      }),
  };
}

test('kill -9 at any moment loses nothing that was acknowledged, and leaves nothing that is corrupt', async () => {
  const folder = await newFolder();
  let acknowledged = 0;
  for (let round = 1; round <= 10; round += 1) {
    const appending = startAppending(folder, `${round}`);
    await appending.reached(round * 150);
    appending.child.kill('SIGKILL');
    await appending.closed;
    const buffer = await open(folder);
    const { payloads, end } = await buffer.read(all);
    const ids = payloads.map((payload) => payload.toString('utf8', 0, payload.indexOf(' ')));
    const replayed = new Set(ids);
    const lines = appending.lines();
    expect(lines.filter((id) => !replayed.has(id))).toEqual([]);
    expect(replayed.size).toBe(ids.length);
    // One caller's records are in the order in which it appended them.
    for (const caller of ['0', '7', '31']) {
      const numbers = ids
        .map((id) => id.split('.'))
        .filter(([, by]) => by === caller)
        .map(([, , number]) => Number(number));
      expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
    }
    acknowledged += lines.length;
    // At most the write that was cut off.
    expect(buffer.stats().setAside).toBeLessThanOrEqual(1);
    await buffer.release(end);
    await buffer.close();
  }
  expect(acknowledged).toBeGreaterThan(5_000);
}, 120_000);

test('a second process on the folder is refused in one sentence, until the first is gone, however it goes', async () => {
  const folder = await newFolder();
  const first = startAppending(folder, 'first');
  await first.reached(1);
  const error = await failure(open(folder));
  expect(error).toMatchObject({
    code: 'CONFIGURATION',
    message: expect.stringMatching(
      new RegExp(
        `^The buffer folder .* is in use by another utmql \\(process ${first.child.pid} on .+\\): stop`,
      ),
    ),
  });
  // Opened at once, while the kernel still takes the killed process apart.
  first.child.kill('SIGKILL');
  const buffer = await open(folder);
  expect(buffer.stats().records).toBeGreaterThan(0);
  // And the other way round.
  const second = startAppending(folder, 'second');
  const [code] = (await second.closed) as [number];
  expect(code).toBe(1);
  expect(second.errors()).toContain(`is in use by another utmql (process ${process.pid} on `);
});

test('a buffer is refused twice in one process, too, and free again once it is closed', async () => {
  const folder = await newFolder();
  const first = await open(folder);
  expect(await failure(open(folder))).toMatchObject({ code: 'CONFIGURATION' });
  await first.close();
  await (await open(folder)).append([Buffer.from('a')]);
});
