import { writeFileSync } from 'node:fs';
import { modelOfCommand } from '../model/model-of-command.ts';
import { schemaOf } from './model-schema.ts';
import { printSdl } from './sdl.ts';

// `npm run codegen`: the contract for API users, committed and compared in CI.
writeFileSync(
  new URL('../../schema/schema.graphql', import.meta.url),
  printSdl(schemaOf(await modelOfCommand())),
);
