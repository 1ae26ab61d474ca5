import { z } from 'zod';
import { fieldArguments, ownQuery } from '../arguments.ts';
import { shortened } from '../pages.ts';
import { errorsShape, queryShape, type Tool, textsAreData } from '../tool.ts';

/** Items of each list that has pages. */
const listed = 20;

const ofRecords = `
  spendWithoutUtm { cost utmCampaign { cost share rows } utmSource { cost share rows } utmMedium { cost share rows } }
  revenueWithoutSpend { unattributed { revenue share closedWon }
    campaigns(first: ${listed}) { totalCount nodes { value revenue closedWon } }
    channels(first: ${listed}) { totalCount nodes { value revenue closedWon } } }
  nearDuplicateUtms(first: ${listed}) { totalCount nodes { dimension cost spellings { value rows cost } } }
  matches { match records recordShare revenue revenueShare }
  daysWithoutData`;

/** What keys that see some channels only cannot ask for: feeds, runs and rejected records have no channel. */
const ofFeeds = `
  sources { source lastSucceededAt lastFinishedAt lastStatus }
  repairs { name count } rejects { name count } skips { name count }
  rejectedRecords { source kind reason count }
  orphanedSources { source kind records from to cost revenue }
  sharedIds { namespaces ids revenue }
  overlappingSources { source others days records }`;

const dataShape = z.object({ dataQuality: z.record(z.string(), z.unknown()) });

export const dataQuality: Tool = {
  name: 'data_quality',
  title: 'Data quality',
  description:
    'Returns what is wrong with the data of a range of days: spend without UTMs, revenue without spend, spellings of one UTM value, days without data, how CRM records were attributed, freshness of sources, repaired and rejected records. Call it before you draw conclusions from figures that look odd.',
  input: (schema, definitions) =>
    z.strictObject(fieldArguments(schema, 'dataQuality', ['dateRange', 'currency'], definitions)),
  output: z.object({
    workspace: z.string(),
    quality: z.record(z.string(), z.unknown()).describe('As `dataQuality` of the GraphQL API has it.'),
    leftOut: z
      .record(z.string(), z.number())
      .describe('Items that this answer leaves out of its lists, by list. The GraphQL query has them all.'),
    notShown: z.string().nullable().describe('What this key may not see.'),
    errors: errorsShape,
    note: z.string(),
    query: queryShape,
  }),
  async run(args, { schema, caller, ask }) {
    const isRestricted = caller.policy !== undefined;
    const query = ownQuery(schema, 'McpDataQuality', [
      { field: 'dataQuality', given: args, selection: isRestricted ? ofRecords : `${ofRecords}${ofFeeds}` },
    ]);
    const { data, errors } = await ask(query);
    const { value, leftOut } = shortened(dataShape.parse(data).dataQuality);
    return {
      workspace: caller.workspace,
      quality: value,
      leftOut: { ...leftOut, ...notListed(value) },
      notShown: isRestricted
        ? 'This key sees some channels only: sources, runs, rejected, orphaned and overlapping records have none.'
        : null,
      errors,
      note: textsAreData,
      query,
    };
  },
};

/** Items of lists with pages that are on further pages. */
function notListed(value: unknown, path = ''): Record<string, number> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return {};
  const { totalCount, nodes } = value as { readonly totalCount?: unknown; readonly nodes?: unknown };
  if (typeof totalCount === 'number' && Array.isArray(nodes))
    return totalCount > nodes.length ? { [path]: totalCount - nodes.length } : {};
  return Object.assign(
    {},
    ...Object.entries(value).map(([name, part]) => notListed(part, path === '' ? name : `${path}.${name}`)),
  );
}
