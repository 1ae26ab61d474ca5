import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { schemaOf } from '../graphql/model-schema.ts';
import { modelOfCommand } from '../model/model-of-command.ts';
import { compileManifest } from './persisted-manifest.ts';

// `npm run codegen`: schema/persisted/**/*.graphql → manifest.json, committed and compared in CI.
const folder = new URL('../../schema/persisted/', import.meta.url);
const files = readdirSync(folder, { encoding: 'utf8', recursive: true })
  .filter((name) => name.endsWith('.graphql'))
  .sort()
  .map((name) => [name, readFileSync(new URL(name, folder), 'utf8')] as const);
const manifest = compileManifest(Object.fromEntries(files), schemaOf(await modelOfCommand()));
writeFileSync(new URL('manifest.json', folder), `${JSON.stringify(manifest, null, 2)}\n`);
