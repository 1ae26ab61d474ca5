import { fileURLToPath } from 'node:url';

/** What `npm start` executes. */
export const startCommand: readonly [string, ...string[]] = [
  process.execPath,
  fileURLToPath(new URL('../dist/main.js', import.meta.url)),
  'start',
];
