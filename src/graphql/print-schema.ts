import { writeFileSync } from 'node:fs';
import { schema } from './schema.ts';
import { printSdl } from './sdl.ts';

// `npm run codegen`: the contract for API users, committed and compared in CI.
writeFileSync(new URL('../../schema/schema.graphql', import.meta.url), printSdl(schema));
