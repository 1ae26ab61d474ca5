import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

// `npm run codegen`: everything that is generated from the code. `-- --model FILE` adds the dimensions and measures of a model.
const own = process.argv.slice(2);
const script = (path: string): string[] => [
  process.execPath,
  '--import',
  'tsx',
  fileURLToPath(new URL(path, import.meta.url)),
  ...own,
];
const steps = [
  script('../graphql/print-schema.ts'),
  script('../http/write-manifest.ts'),
  ['npx', 'graphql-codegen'],
  script('write.ts'),
];
for (const [command = '', ...args] of steps) {
  const { status } = spawnSync(command, args, { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
