import { parseArgs } from 'node:util';
import type { Model } from '../metrics/model.ts';
import { readModelFile } from './model-file.ts';

/** The file that `npm run codegen -- --model FILE` names; undefined: none. */
export async function modelOfCommand(): Promise<Model | undefined> {
  const { model } = parseArgs({ options: { model: { type: 'string' } } }).values;
  return model === undefined ? undefined : readModelFile(model);
}
