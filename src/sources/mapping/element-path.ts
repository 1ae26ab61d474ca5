import { columnName } from '../../formats/csv/columns.ts';
import { isObject, parseJson, type Raw } from '../../formats/json/parse.ts';

/** Where a value is to be looked for in an element. */
export interface ElementPath {
  readonly path: readonly string[];
  /** The path as one name with dots in it. */
  readonly dotted: string;
  /** That as the heading of a column of CSV. */
  readonly column: string;
  /** The first key as the heading of a column, whose cells may hold JSON. */
  readonly head: string;
}

export const elementPathOf = (path: readonly string[]): ElementPath => {
  const dotted = path.join('.');
  return { path, dotted, column: columnName(dotted), head: columnName(path[0] ?? '') };
};

/** The members of an element that a place may be in. */
export const candidateKeys = ({ path, dotted, column, head }: ElementPath): readonly string[] => [
  ...new Set([dotted, column, path[0] ?? '', head]),
];

/** A name with dots in it goes before the path. Where the path leads into a text, that text is read as JSON. */
export function valueAt(element: Raw, { path, dotted, column, head }: ElementPath): unknown {
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
