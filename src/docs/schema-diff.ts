import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { breakingReason, compareSchemas } from './schema-changes.ts';

// CI: `git show HEAD~1:schema/schema.graphql | node --import tsx src/docs/schema-diff.ts "$(git log -1 --format=%B)"`.
// Not readFileSync: a pipe that is still being written may answer EAGAIN.
const before = await text(process.stdin);
const after = readFileSync(new URL('../../schema/schema.graphql', import.meta.url), 'utf8');
const reason = breakingReason(process.argv[2] ?? '');
const { breaking, dangerous } = await compareSchemas(before, after);

const say = (line: string): boolean => process.stdout.write(`${line}\n`);
for (const message of dangerous) say(`Schema, to be looked at: ${message}`);
for (const message of breaking) say(`Schema, breaking: ${message}`);
if (breaking.length > 0 && reason !== undefined) say(`Allowed by the commit message: ${reason}`);
if (breaking.length > 0 && reason === undefined) {
  say(
    'Deprecate first, or give the reason in a line "breaking: …" of the commit message: docs/deprecation.md.',
  );
  process.exitCode = 1;
}
