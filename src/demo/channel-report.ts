import { z } from 'zod';

const question =
  '{ metrics(dateRange: {last: {count: 30, unit: DAY}}, groupBy: [CHANNEL], orderBy: [{measure: COST, direction: DESC}])' +
  ' { nodes { channel cost clicks leads closedWon revenue cpc cpa roas } } }';
const body = JSON.stringify({ query: question });

/** The headers of the question. Callers who must log in give their key. */
const headersOf = (key: string | undefined): Record<string, string> => ({
  'content-type': 'application/json',
  ...(key !== undefined && { authorization: `Bearer ${key}` }),
});

/** Asks the running program by hand: a line to paste into bash. */
export function curlCommand(url: string, key: string | undefined): string {
  const headers = Object.entries(headersOf(key)).map(([name, value]) => `-H '${name}: ${value}'`);
  return `curl -sS '${url}/graphql' ${headers.join(' ')} -d '${body}'`;
}

const channelRow = z.object({
  channel: z.string().nullable(),
  cost: z.number(),
  clicks: z.number(),
  leads: z.number(),
  closedWon: z.number(),
  revenue: z.number(),
  cpc: z.number().nullable(),
  cpa: z.number().nullable(),
  roas: z.number().nullable(),
});
type ChannelRow = z.infer<typeof channelRow>;

const answer = z.object({ data: z.object({ metrics: z.object({ nodes: z.array(channelRow) }) }) });

const decimals = (count: number) => {
  const format = new Intl.NumberFormat('en-US', {
    minimumFractionDigits: count,
    maximumFractionDigits: count,
  });
  return (value: number | null): string => (value === null ? '–' : format.format(value));
};
const whole = decimals(0);
const hundredths = decimals(2);

const columns: readonly (readonly [title: string, cell: (row: ChannelRow) => string])[] = [
  ['channel', (row) => row.channel ?? '(unattributed)'],
  ['cost', (row) => whole(row.cost)],
  ['clicks', (row) => whole(row.clicks)],
  ['leads', (row) => whole(row.leads)],
  ['won', (row) => whole(row.closedWon)],
  ['revenue', (row) => whole(row.revenue)],
  ['CPC', (row) => hundredths(row.cpc)],
  ['CPA', (row) => hundredths(row.cpa)],
  ['ROAS', (row) => hundredths(row.roas)],
];

/** Asks what `curlCommand` asks and lays the answer out as a table: the first column to the left, figures to the right. */
export async function channelReport(url: string, key: string | undefined): Promise<string> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: headersOf(key),
    body,
  });
  const { nodes } = answer.parse(await response.json()).data.metrics;
  const rows = [
    columns.map(([title]) => title),
    ...nodes.map((node) => columns.map(([, cell]) => cell(node))),
  ];
  const widths = columns.map((_column, index) => Math.max(...rows.map((row) => row[index]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, index) =>
          index === 0 ? cell.padEnd(widths[index] ?? 0) : cell.padStart(widths[index] ?? 0),
        )
        .join('  '),
    )
    .join('\n');
}
