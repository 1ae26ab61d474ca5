import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

const file = fileURLToPath(new URL('../package.json', import.meta.url));
const { scripts } = z
  .object({ scripts: z.object({ start: z.string() }) })
  .parse(JSON.parse(readFileSync(file, 'utf8')));

/** The flags of node with which `npm start` starts the program. */
export const nodeFlags: readonly string[] = scripts.start.split(' ').filter((word) => word.startsWith('--'));

/** What `npm start` executes. */
export const startCommand: readonly [string, ...string[]] = [
  process.execPath,
  ...nodeFlags,
  fileURLToPath(new URL('../dist/main.js', import.meta.url)),
];
