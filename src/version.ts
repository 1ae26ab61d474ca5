import { createRequire } from 'node:module';

/** The version of the program, as package.json says. */
export const { version } = createRequire(import.meta.url)('../package.json') as { version: string };
