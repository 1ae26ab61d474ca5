import { recordKinds } from '../records/contract.ts';
import { fileNameOf, jsonSchemaOf } from '../records/json-schema.ts';

/** The files of `schema/records`, as `npm run docs` writes them. */
export const recordSchemaFiles = (): readonly { readonly name: string; readonly text: string }[] =>
  recordKinds.map((kind) => ({
    name: `${fileNameOf(kind)}.schema.json`,
    text: `${print(jsonSchemaOf(kind))}\n`,
  }));

/** JSON as the formatter of this repository leaves it: lists of words in one line. */
const print = (value: unknown): string =>
  JSON.stringify(value, null, 2).replace(
    /\[(?:\s*"\w+",?)+\s*\]/g,
    (list) => `[${list.slice(1, -1).trim().replace(/\s+/g, ' ')}]`,
  );
