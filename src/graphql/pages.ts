import { createHash } from 'node:crypto';
import type { ObjectRef } from '@pothos/core';
import { z } from 'zod';
import { badInput } from '../errors.ts';
import { keyShapeOf, type OrderedList } from '../explore/ordered-list.ts';
import type { Reader } from '../explore/reader.ts';
import { queryKey } from '../metrics/query-key.ts';
import { builder } from './builder.ts';

/** Rows of a page at most: of `metrics` and of every list. */
export const maxFirst = 10_000;
/** Of lists each of whose rows may be as large as a whole record, so that a page of them fits into memory. */
export const maxLargeRows = 1_000;
const defaultFirst = 50;

export const afterDescription = '`endCursor` of the previous page, or `cursor` of an edge.';
const argumentsOf = (most: number) =>
  builder.args((t) => ({
    first: t.int({ defaultValue: defaultFirst, description: `Page size, 1 to ${most}.` }),
    after: t.string({ description: afterDescription }),
  }));
/** The arguments that say which page of a list. */
export const pageArguments = argumentsOf(maxFirst);
export const largeRowsArguments = argumentsOf(maxLargeRows);

export interface PageArguments {
  readonly first?: number | null | undefined;
  readonly after?: string | null | undefined;
}

/** A page of rows. Its cursors are made when they are asked for. */
export interface Page<Row> {
  readonly nodes: readonly Row[];
  readonly hasPreviousPage: boolean;
  readonly hasNextPage: boolean;
  /** The cursor that goes on after the row at this index of the page. */
  cursorAt(index: number): string;
}

interface ListPage<Row> extends Page<Row> {
  count(): Promise<number>;
}

const cursorOrNull = ({ nodes, cursorAt }: Page<unknown>, index: number): string | null =>
  nodes.length === 0 ? null : cursorAt(index);

const pageEndDescription = 'Where a page begins and ends, and whether others come before and after it.';

const PageEndInterface = builder.interfaceRef<Page<unknown>>('PageEnd').implement({
  description: pageEndDescription,
  fields: (t) => ({
    startCursor: t.string({
      nullable: true,
      description: '`cursor` of the first edge. Null on an empty page.',
      resolve: (page) => cursorOrNull(page, 0),
    }),
    endCursor: t.string({
      nullable: true,
      description: 'Pass this as `after` to get the next page. Null on an empty page.',
      resolve: (page) => cursorOrNull(page, page.nodes.length - 1),
    }),
    hasPreviousPage: t.exposeBoolean('hasPreviousPage', {
      description: 'Whether this page begins after a cursor (`after`). There is no way to read backwards.',
    }),
    hasNextPage: t.exposeBoolean('hasNextPage', { description: 'Whether there is a next page.' }),
  }),
});

export const PageInfo = builder.objectRef<Page<unknown>>('PageInfo').implement({
  description: pageEndDescription,
  interfaces: [PageEndInterface],
});

/** The name that lists have for it. A field’s type cannot change (docs/deprecation.md), and `pageInfo` is what clients look for. */
const ListPageInfo = builder.objectRef<Page<unknown>>('ListPageInfo').implement({
  description: pageEndDescription,
  interfaces: [PageEndInterface],
});

type NodeRef<Row> = ObjectRef<PothosSchemaTypes.ExtendDefaultTypes<typeof builder.$inferSchemaTypes>, Row>;

interface Edge<Row> {
  readonly page: Page<Row>;
  readonly index: number;
  readonly node: Row;
}

export const edgesOf = <Row>(page: Page<Row>): readonly Edge<Row>[] =>
  page.nodes.map((node, index) => ({ page, index, node }));

/** The type of the edges to `node`s, as the clients of Relay and Apollo page by. */
export const edgeType = <Row>(node: NodeRef<Row>) =>
  builder.objectRef<Edge<Row>>(`${node.name}Edge`).implement({
    description: 'An item of a page, and its cursor.',
    fields: (t) => ({
      // Pothos cannot tell that a `Row` is no list.
      node: t.field({ type: node, description: 'The item.', resolve: (edge) => edge.node as never }),
      cursor: t.string({
        description: 'Pass this as `after` to get a page that begins after this item.',
        resolve: ({ page, index }) => page.cursorAt(index),
      }),
    }),
  });

/** How a selection names the rows of a page. */
export const rowPaths: readonly (readonly string[])[] = [['nodes'], ['edges', 'node']];

export const edgesDescription = 'The items of this page, each with its cursor.';

/** The type of a paged list of `node`s. */
export function pageType<Row>(name: string, description: string, node: NodeRef<Row>) {
  const edge = edgeType(node);
  return builder.objectRef<ListPage<Row>>(name).implement({
    description,
    fields: (t) => ({
      nodes: t.field({ type: [node], description: 'The items of this page.', resolve: (page) => page.nodes }),
      edges: t.field({ type: [edge], description: edgesDescription, resolve: edgesOf }),
      totalCount: t.field({
        type: 'SafeInt',
        description: 'Number of items on all pages. Counted only if you select it.',
        resolve: (page) => page.count(),
      }),
      pageInfo: t.field({
        type: ListPageInfo,
        description: 'Where this page begins and ends, for paging.',
        resolve: (page) => page,
      }),
    }),
  });
}

/** The page of a list that `args` name; see `loadPage`. */
export function loadListPage<Row>(
  query: unknown,
  args: PageArguments,
  reader: Reader,
  list: OrderedList<Row>,
): Promise<ListPage<Row>> {
  return loadPage({
    query,
    args,
    maxFirst,
    keyShape: keyShapeOf(list),
    read: (after, limit) => reader.list(list, after, limit),
  });
}

/**
 * The page that `args` name. A cursor holds the key of the last row of its page, so no row is left out or shown twice when
 * others come or go meanwhile.
 *
 * @param options.query everything that decides which rows there are and in which order: a cursor goes on only with the same
 * @throws UtmqlError BAD_USER_INPUT for a `first` out of bounds, or a cursor that is none or of another query
 */
export async function loadPage<Row, Key extends readonly (string | number)[]>(options: {
  query: unknown;
  args: PageArguments;
  maxFirst: number;
  keyShape: z.ZodType<Key>;
  read: (
    after: Key | undefined,
    limit: number,
  ) => Promise<{ rows: readonly { row: Row; key: Readonly<Key> }[]; count: () => Promise<number> }>;
}): Promise<ListPage<Row>> {
  const { query, args, keyShape, read } = options;
  const first = readFirst(args.first, options.maxFirst);
  const after = typeof args.after === 'string' ? readCursor(args.after, query, keyShape) : undefined;
  // One more than the page holds tells whether there is another.
  const { rows, count } = await read(after, first + 1);
  const shown = rows.slice(0, first);
  return {
    nodes: shown.map(({ row }) => row),
    cursorAt: createCursors(query, (index) => shown[index]?.key ?? []),
    hasPreviousPage: after !== undefined,
    hasNextPage: rows.length > first,
    count,
  };
}

/** @throws UtmqlError BAD_USER_INPUT */
export function readFirst(
  first: number | null | undefined,
  most: number = maxFirst,
  usual: number = defaultFirst,
): number {
  const limit = first ?? usual;
  if (limit < 1 || limit > most) throw badInput(`first: ${limit} is not between 1 and ${most}.`);
  return limit;
}

/** Makes the cursors of a page of `query`, opaque to callers, from the key of each of its rows. */
export function createCursors(
  query: unknown,
  keyAt: (index: number) => readonly (string | number)[],
): (index: number) => string {
  let mark: string | undefined;
  return (index) => {
    mark ??= markOf(query);
    return Buffer.from(JSON.stringify([mark, ...keyAt(index)])).toString('base64url');
  };
}

/**
 * The key in a cursor that `createCursors` made for the same query.
 *
 * @throws UtmqlError BAD_USER_INPUT
 */
export function readCursor<Key>(cursor: string, query: unknown, keyShape: z.ZodType<Key>): Key {
  const parts = cursorShape.safeParse(parse(cursor));
  if (!parts.success) throw badInput('after: this is no cursor; pass the `endCursor` of the page before.');
  const [given, ...key] = parts.data;
  const known = keyShape.safeParse(key);
  if (given !== markOf(query) || !known.success) {
    throw badInput(
      'after: this cursor is of another query; a page goes on only with the same field, arguments and order. Only `first` may differ.',
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

const markOf = (query: unknown): string =>
  createHash('sha256').update(queryKey(query)).digest('hex').slice(0, 16);

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
