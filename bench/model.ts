import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { OwnServer } from '../src/clickhouse/own-server/server.ts';
import { type Day, formatDay } from '../src/records/day.ts';
import { startProgram } from './program.ts';
import { takeTurns } from './questions.ts';
import { ms, percentile, printTable, ratio } from './table.ts';

/** Twenty rules on source and medium, of which the last ones hold for the data. */
const rules = [
  ...Array.from(
    { length: 12 },
    (_, index) =>
      `{ value: "Group ${index}", when: { utm_source: [a${index}, b${index}, c${index}], utm_medium: { matches: 'cp|^ppc$|^paid${index}' } } }`,
  ),
  ...['google', 'facebook', 'linkedin', 'tiktok'].flatMap((source) =>
    ['cpc', 'paid_social'].map(
      (medium) => `{ value: "${source} ${medium}", when: { utm_source: ${source}, utm_medium: ${medium} } }`,
    ),
  ),
];

const model = `
dimensions:
  channel_group:
    description: Twenty rules.
    rules:
${rules.map((rule) => `      - ${rule}`).join('\n')}
    otherwise: Other
`;

const ranges = [
  { title: '30 days', days: 30 },
  { title: '365 days', days: 365 },
] as const;

/** Asks by a dimension of twenty rules, and by channel, in turns. */
export async function benchModel(server: OwnServer, database: string, today: Day): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'utmql-bench-model-'));
  const file = join(folder, 'model.yaml');
  await writeFile(file, model);
  const program = await startProgram(server, database, { RESPONSE_CACHE_TTL_MS: '0', MODEL_FILE: file });
  try {
    const rows: string[][] = [];
    for (const { title, days } of ranges) {
      for (const useRollups of [true, false]) {
        const ask = (dimension: string, field: string) => () =>
          program.graphql(
            `{ metrics(dateRange: { between: { from: "${formatDay(today - days)}", to: "${formatDay(today - 1)}" } }, groupBy: [${dimension}], useRollups: ${useRollups}) { nodes { ${field} cost leads revenue roas } } }`,
          );
        const samples = await takeTurns(
          [
            ask('CHANNEL', 'channel'),
            ask('UTM_SOURCE, UTM_MEDIUM', 'utmSource utmMedium'),
            ask('CHANNEL_GROUP', 'channelGroup'),
          ],
          { warm: 20, warmUp: 5 },
        );
        const [channel = 0, sources = 0, groups = 0] = samples.map((each) => percentile(each, 0.5));
        rows.push([
          `${title}, ${useRollups ? 'rollups' : 'no rollups'}`,
          ms(channel),
          ms(sources),
          ms(groups),
          ratio(groups / channel),
        ]);
      }
    }
    printTable(
      'A dimension of twenty rules, p50',
      ['ads and CRM', 'by channel', 'by source and medium', 'by rules', 'rules to channel'],
      rows,
    );
  } finally {
    await program.stop();
    await rm(folder, { recursive: true });
  }
}
