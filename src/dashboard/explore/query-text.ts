import { infoOf } from '../text/measures.ts';
import { comparisonInput } from '../view/range.ts';
import type { View } from '../view/view.ts';
import { type ExploreChoice, fieldOf, pageRows, tableVariables } from './explore-view.ts';

/** A question of the page, for those who want to ask it themselves. */
export interface QueryTexts {
  readonly graphql: string;
  readonly variables: string;
  readonly curl: string;
  readonly typescript: string;
}

/** The variables of the table, with their types. Those that the view does not set are left out. */
const types = {
  range: 'DateRangeInput!',
  compareTo: 'CompareToInput',
  where: 'MetricsWhere',
  currency: 'String',
  crmDate: 'CrmDate',
  granularity: 'Granularity',
  weekStart: 'Weekday',
  groupBy: '[Dimension!]',
  breakdowns: '[String!]',
  limitBy: 'LimitByInput',
  orderBy: '[OrderByInput!]',
  first: 'Int',
  after: 'String',
} as const;

/**
 * The table as a query of its own: only what it shows, with the same rows and figures.
 *
 * @param origin of the server
 */
export function queryTexts(view: View, choice: ExploreChoice, origin: string): QueryTexts {
  const compareTo = comparisonInput(view.comparison);
  const all: Readonly<Record<string, unknown>> = {
    ...tableVariables(view, choice),
    ...(compareTo && { compareTo }),
    first: pageRows,
    ...(choice.after !== undefined && { after: choice.after }),
  };
  const used = Object.keys(types).filter((name) => {
    const value = all[name];
    return value !== undefined && !(Array.isArray(value) && value.length === 0);
  }) as (keyof typeof types)[];
  const variables = Object.fromEntries(used.map((name) => [name, all[name]]));
  const figures = choice.measures.map((measure) => infoOf(measure).field).join(' ');
  const labels = [
    ...choice.rows.map(fieldOf),
    ...choice.breakdowns.map(
      (name, index) => `breakdown${index + 1}: breakdown(name: ${JSON.stringify(name)})`,
    ),
  ];
  const change = compareTo ? ` relativeChange { ${figures} }` : '';
  const graphql = `query Explore(${used.map((name) => `$${name}: ${types[name]}`).join(', ')}) {
  metrics(
${used.map((name) => `    ${name === 'range' ? 'dateRange' : name}: $${name}`).join('\n')}
  ) {
    nodes { ${[...labels, figures].join(' ')}${change} }
    totals { ${figures}${change} }
    totalCount
    pageInfo { endCursor hasNextPage }
    meta { from to currency warnings { code message } }
  }
}`;
  const url = `${origin}/graphql`;
  const body = JSON.stringify({ query: graphql, variables });
  return {
    graphql,
    variables: JSON.stringify(variables, null, 2),
    curl: `curl -sS ${quoted(url)} -H 'content-type: application/json' -H "authorization: Bearer $UTMQL_KEY" \\\n  -d ${quoted(body)}`,
    typescript: typescriptOf(url, graphql, variables, choice),
  };
}

/** In single quotes, as a shell takes it to the letter. */
const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

function typescriptOf(url: string, graphql: string, variables: object, choice: ExploreChoice): string {
  const fields = [
    ...choice.rows.map((row) => `  readonly ${fieldOf(row)}: string | null;`),
    ...choice.breakdowns.map((_name, index) => `  readonly breakdown${index + 1}: string | null;`),
    ...choice.measures.map((measure) => `  readonly ${infoOf(measure).field}: number | null;`),
  ].join('\n');
  const template = graphql.replaceAll('\\', '\\\\').replaceAll('`', '\\`').replaceAll('${', '\\${');
  return `interface Row {
${fields}
}

const query = \`${template}\`;

const response = await fetch(${JSON.stringify(url)}, {
  method: 'POST',
  headers: { 'content-type': 'application/json', authorization: \`Bearer \${process.env.UTMQL_KEY}\` },
  body: JSON.stringify({ query, variables: ${JSON.stringify(variables)} }),
});
const { data, errors } = (await response.json()) as {
  data: { metrics: { nodes: Row[] } } | null;
  errors?: { message: string }[];
};
if (!data) throw new Error(errors?.[0]?.message);
for (const row of data.metrics.nodes) console.log(row);
`;
}
