import {
  DashboardExportDocument,
  type DashboardExportQuery,
} from '../../../schema/generated/dashboard/graphql.ts';
import { ask } from '../api/ask.ts';
import { toCsv } from '../text/csv.ts';
import { figureOf, infoOf } from '../text/measures.ts';
import type { View } from '../view/view.ts';
import { type ExploreChoice, fieldOf, tableVariables } from './explore-view.ts';

/** Rows that one request asks for. */
const pageRows = 2_000;
/** A spreadsheet takes a million rows; a browser that holds them does not. */
const mostRows = 100_000;

/**
 * All rows of the table as CSV: dimensions by the names of the API, and exact figures. A missing figure is an empty cell.
 *
 * @throws AskError when a page cannot be read
 */
export async function tableAsCsv(view: View, choice: ExploreChoice): Promise<string> {
  const { rows, breakdowns, measures } = choice;
  const lines: (string | number | null)[][] = [
    [...rows.map(fieldOf), ...breakdowns, ...measures.map((measure) => infoOf(measure).field)],
  ];
  let after: string | undefined;
  do {
    const { data } = await ask(DashboardExportDocument, {
      ...tableVariables(view, choice),
      first: pageRows,
      ...(after !== undefined && { after }),
    });
    const { nodes, pageInfo } = data.metrics;
    for (const node of nodes) lines.push(lineOf(node, choice));
    after = pageInfo.hasNextPage ? (pageInfo.endCursor ?? undefined) : undefined;
  } while (after !== undefined && lines.length < mostRows);
  // Spreadsheets take a file without it for one in another encoding.
  return `\uFEFF${toCsv(lines)}`;
}

const lineOf = (
  node: DashboardExportQuery['metrics']['nodes'][number],
  { rows, breakdowns, measures }: ExploreChoice,
): (string | number | null)[] => [
  ...rows.map((row) => node[fieldOf(row)] ?? null),
  ...breakdowns.map((_name, index) => (index === 0 ? node.breakdown1 : node.breakdown2) ?? null),
  ...measures.map((measure) => figureOf(node, measure)),
];

/** Lets the browser keep a text as a file. */
export function saveFile(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/csv;charset=utf-8' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}
