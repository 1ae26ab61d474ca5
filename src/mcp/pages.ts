import { z } from 'zod';

/** Characters of the rows of an answer as JSON: about a quarter as many tokens. */
const mostCharacters = 60_000;
/** Items of a list within an answer. */
const mostItems = 50;

/** A page as GraphQL gives it. */
export const connection = <Node extends z.ZodType>(node: Node) =>
  z.object({
    edges: z.array(z.object({ cursor: z.string(), node })),
    pageInfo: z.object({ hasNextPage: z.boolean() }),
    totalCount: z.number(),
  });

/** What to select of it. */
export const connectionOf = (fields: string): string =>
  `edges { cursor node { ${fields} } } pageInfo { hasNextPage } totalCount`;

/** What an answer says of the rows that it leaves out. */
export const pageShape = z.object({
  rows: z.number().describe('Rows of this answer.'),
  total: z.number().describe('Rows of all pages.'),
  after: z.string().nullable().describe('Pass it as `after` to get the next rows. Null: there are none.'),
  note: z.string().describe('The same in a sentence.'),
});

/** Returns as many rows as an answer may have, and how to get at the others. */
export function pageOf<Node>({
  edges,
  pageInfo,
  totalCount,
}: {
  readonly edges: readonly { readonly cursor: string; readonly node: Node }[];
  readonly pageInfo: { readonly hasNextPage: boolean };
  readonly totalCount: number;
}): { readonly rows: readonly Node[]; readonly page: z.infer<typeof pageShape> } {
  let characters = 0;
  const kept = edges.filter(({ node }, index) => {
    characters += JSON.stringify(node).length;
    return index === 0 || characters <= mostCharacters;
  });
  const hasMore = pageInfo.hasNextPage || kept.length < edges.length;
  const after = hasMore ? (kept.at(-1)?.cursor ?? null) : null;
  const note = hasMore
    ? `These are ${kept.length} of ${totalCount} rows. For the next ones, call again with the same arguments and after: ${JSON.stringify(after)}. Or ask for fewer groups, a filter, limitBy, or totals.`
    : `There are no rows after these; ${totalCount} in all.`;
  return { rows: kept.map(({ node }) => node), page: { rows: kept.length, total: totalCount, after, note } };
}

/** Shortens each list within a value; tells how many items of which are left out. */
export function shortened(value: unknown): {
  readonly value: unknown;
  readonly leftOut: Record<string, number>;
} {
  const leftOut: Record<string, number> = {};
  const shorten = (part: unknown, path: string): unknown => {
    if (Array.isArray(part)) {
      if (part.length > mostItems) leftOut[path] = part.length - mostItems;
      return part.slice(0, mostItems).map((item) => shorten(item, path));
    }
    if (typeof part !== 'object' || part === null) return part;
    return Object.fromEntries(
      Object.entries(part).map(([name, inner]) => [
        name,
        shorten(inner, path === '' ? name : `${path}.${name}`),
      ]),
    );
  };
  return { value: shorten(value, ''), leftOut };
}
