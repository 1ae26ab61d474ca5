import { createHash } from 'node:crypto';
import type { ObjectRef } from '@pothos/core';
import { dataScope } from '../access/caller.ts';
import { badInput } from '../errors.ts';
import type { Page, PageRequest } from '../explore/reader.ts';
import type { Scope } from '../explore/records.ts';
import { queryKey } from '../metrics/query-key.ts';
import { resolveRange } from '../metrics/range.ts';
import { builder } from './builder.ts';
import type { Context } from './context.ts';
import { type DateRangeInput, readRange } from './dates.ts';
import { maxFirst } from './metrics-arguments.ts';
import { type MetricsWhere, readWhere } from './where.ts';

export const firstDescription = `How many a page, 1 to ${maxFirst}.`;
export const afterDescription = '`endCursor` of the page before.';
/** For a `dateRange` beside which no `weekStart` stands. */
export const daysDescription = (days: string): string => `${days}. Weeks in it start on Monday.`;
const defaultFirst = 50;

interface PageArguments {
  readonly first?: number | null | undefined;
  readonly after?: string | null | undefined;
}

interface PageEnd {
  readonly endCursor: string | null;
  readonly hasNextPage: boolean;
}

/** A page, with the cursor that leads on. */
type PageAnswer<Row> = Page<Row> & PageEnd;

export const PageInfo = builder.objectRef<PageEnd>('ListPageInfo').implement({
  description: 'Where a page of a list ends.',
  fields: (t) => ({
    endCursor: t.exposeString('endCursor', {
      nullable: true,
      description: 'Pass it as `after` to get the next page. Null on an empty page.',
    }),
    hasNextPage: t.exposeBoolean('hasNextPage', { description: 'Whether there is a next page.' }),
  }),
});

/** The type of a paged list of `node`s. */
export function pageType<Row>(
  name: string,
  description: string,
  node: ObjectRef<PothosSchemaTypes.ExtendDefaultTypes<typeof builder.$inferSchemaTypes>, Row>,
) {
  return builder.objectRef<PageAnswer<Row>>(name).implement({
    description,
    fields: (t) => ({
      nodes: t.field({ type: [node], description: 'Those of this page.', resolve: (page) => page.nodes }),
      totalCount: t.field({
        type: 'SafeInt',
        description: 'How many there are on all pages.',
        resolve: (page) => page.totalCount,
      }),
      pageInfo: t.field({ type: PageInfo, description: 'Where this page ends.', resolve: (page) => page }),
    }),
  });
}

/**
 * The page that `args` name.
 *
 * @param query everything that decides which rows there are and in which order: a cursor goes on only with the same
 * @throws UtmqlError BAD_USER_INPUT for a `first` out of bounds, or a cursor that is none or of another query
 */
export async function loadPage<Row>(
  query: unknown,
  args: PageArguments,
  load: (page: PageRequest) => Promise<Page<Row>>,
): Promise<PageAnswer<Row>> {
  const mark = createHash('sha256').update(queryKey(query)).digest('hex').slice(0, 16);
  const offset = typeof args.after === 'string' ? readCursor(args.after, mark) : 0;
  const page = await load({ offset, limit: readFirst(args.first) });
  const rows = page.nodes.length;
  return {
    ...page,
    endCursor: rows === 0 ? null : Buffer.from(`${offset + rows}.${mark}`).toString('base64url'),
  };
}

export function readFirst(first: number | null | undefined): number {
  const limit = first ?? defaultFirst;
  if (limit < 1 || limit > maxFirst) throw badInput(`first: ${limit} is not between 1 and ${maxFirst}.`);
  return limit;
}

function readCursor(cursor: string, mark: string): number {
  const match = /^(\d{1,15})\.([0-9a-f]{16})$/.exec(Buffer.from(cursor, 'base64url').toString('latin1'));
  if (match === null) throw badInput('after: this is no cursor; pass the `endCursor` of the page before.');
  if (match[2] !== mark) {
    throw badInput(
      'after: this cursor is of another query; a page goes on only with the same field, arguments and order.',
    );
  }
  return Number(match[1]);
}

/** The records that `dateRange` and `where` name, in the caller's workspace. */
export function readScope(
  args: {
    readonly dateRange: typeof DateRangeInput.$inferInput;
    readonly where?: typeof MetricsWhere.$inferInput | null | undefined;
  },
  { caller, today }: Context,
): Scope {
  return {
    ...dataScope(caller),
    range: resolveRange(readRange(args.dateRange), today(), 'monday'),
    where: readWhere(args.where),
  };
}
