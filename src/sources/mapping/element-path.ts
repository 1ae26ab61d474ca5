import { columnName } from '../../formats/csv/columns.ts';
import { isObject, type JsonObject, parseJson } from '../../formats/json/parse.ts';

/** Path of a value in an element, with the other names under which it is looked up. */
export interface ElementPath {
  readonly path: readonly string[];
  /** The path joined with dots. */
  readonly dotted: string;
  /** `dotted` as a CSV column name. */
  readonly column: string;
  /** The first key as a CSV column name. Cells of that column can contain JSON. */
  readonly head: string;
}

export const elementPathOf = (path: readonly string[]): ElementPath => {
  const dotted = path.join('.');
  return { path, dotted, column: columnName(dotted), head: columnName(path[0] ?? '') };
};

/** Returns the top-level keys of an element under which the value can be. */
export const candidateKeys = ({ path, dotted, column, head }: ElementPath): readonly string[] => [
  ...new Set([dotted, column, path[0] ?? '', head]),
];

/** Returns the value at a path. A key with dots takes precedence over the path. Text on the way is parsed as JSON. */
export function valueAt(element: JsonObject, { path, dotted, column, head }: ElementPath): unknown {
  if (Object.hasOwn(element, dotted)) return element[dotted];
  if (Object.hasOwn(element, column)) return element[column];
  const [first = '', ...rest] = path;
  let value: unknown = Object.hasOwn(element, first)
    ? element[first]
    : Object.hasOwn(element, head)
      ? element[head]
      : undefined;
  for (const key of rest) {
    if (typeof value === 'string' && /^\s*[[{]/.test(value)) value = parseJson(value);
    if (Array.isArray(value)) value = value[Number(key)];
    else if (isObject(value) && Object.hasOwn(value, key)) value = value[key];
    else return undefined;
  }
  return value;
}
