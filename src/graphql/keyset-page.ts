import { createHash } from 'node:crypto';
import type { ObjectRef } from '@pothos/core';
import { z } from 'zod';
import { badInput } from '../errors.ts';
import { queryKey } from '../metrics/query-key.ts';
import { builder } from './builder.ts';
import { PageInfo } from './explore-page.ts';

const maxFirst = 1_000;
const defaultFirst = 50;
export const firstDescription = `How many a page, 1 to ${maxFirst}.`;

interface KeysetPage<Row> {
  readonly nodes: readonly Row[];
  readonly endCursor: string | null;
  readonly hasNextPage: boolean;
  count(): Promise<number>;
}

/** The type of a list of `node`s that grows while it is paged through. */
export function keysetPageType<Row>(
  name: string,
  description: string,
  node: ObjectRef<PothosSchemaTypes.ExtendDefaultTypes<typeof builder.$inferSchemaTypes>, Row>,
) {
  return builder.objectRef<KeysetPage<Row>>(name).implement({
    description,
    fields: (t) => ({
      nodes: t.field({ type: [node], description: 'Those of this page.', resolve: (page) => page.nodes }),
      totalCount: t.field({
        type: 'SafeInt',
        description: 'How many there are on all pages. Counted only when it is selected.',
        resolve: (page) => page.count(),
      }),
      pageInfo: t.field({ type: PageInfo, description: 'Where this page ends.', resolve: (page) => page }),
    }),
  });
}

/**
 * The page that `args` name. A cursor holds the key of the last record of its page, so no record is left out or shown twice
 * when others come or go meanwhile.
 *
 * @param options.query everything that decides which records there are: a cursor goes on only with the same
 * @throws UtmqlError BAD_USER_INPUT for a `first` out of bounds, or a cursor that is none or of another query
 */
export async function loadKeysetPage<Row, Key extends readonly (string | number)[]>(options: {
  query: unknown;
  args: { readonly first?: number | null | undefined; readonly after?: string | null | undefined };
  keyShape: z.ZodType<Key>;
  keyOf: (row: Row) => Key;
  read: (after: Key | undefined, limit: number) => Promise<readonly Row[]>;
  count: () => Promise<number>;
}): Promise<KeysetPage<Row>> {
  const { query, args, keyShape, keyOf, read, count } = options;
  const mark = createHash('sha256').update(queryKey(query)).digest('hex').slice(0, 16);
  const first = args.first ?? defaultFirst;
  if (first < 1 || first > maxFirst) throw badInput(`first: ${first} is not between 1 and ${maxFirst}.`);
  const after = typeof args.after === 'string' ? readCursor(args.after, mark, keyShape) : undefined;
  // One more than the page holds tells whether there is another.
  const rows = await read(after, first + 1);
  const nodes = rows.slice(0, first);
  const last = nodes.at(-1);
  return {
    nodes,
    endCursor:
      last === undefined ? null : Buffer.from(JSON.stringify([mark, ...keyOf(last)])).toString('base64url'),
    hasNextPage: rows.length > first,
    count,
  };
}

function readCursor<Key>(cursor: string, mark: string, keyShape: z.ZodType<Key>): Key {
  const parts = cursorShape.safeParse(parse(cursor));
  if (!parts.success) throw badInput('after: this is no cursor; pass the `endCursor` of the page before.');
  const [given, ...key] = parts.data;
  const known = keyShape.safeParse(key);
  if (given !== mark || !known.success) {
    throw badInput(
      'after: this cursor is of another query; a page goes on only with the same field and arguments.',
    );
  }
  return known.data;
}

/** Parts of keys. Whoever forges a cursor can write its mark, too: what is no key of a record must not reach the database. */
export const instantPart = z
  .int()
  .min(0)
  .max(Date.UTC(2299, 0, 1));
export const positionPart = z.int().min(0);

/** No key of a record is as long. */
const mostCharacters = 10_000;

const cursorShape = z.tuple([z.string()], z.union([z.string(), z.number()]));

function parse(cursor: string): unknown {
  if (cursor.length > mostCharacters) return undefined;
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString());
  } catch {
    return undefined;
  }
}
