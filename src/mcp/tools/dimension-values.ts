import { z } from 'zod';
import { fieldArguments, ownQuery, pageArguments, usualRows } from '../arguments.ts';
import { connection, connectionOf, pageOf, pageShape } from '../pages.ts';
import { queryShape, type Tool, textsAreData } from '../tool.ts';

const valueShape = z.object({
  value: z.string().nullable().describe('As filters take it. Null: records without a value.'),
  rows: z.number().describe('Stored ads rows and CRM records with it.'),
  cost: z.number().describe('Cost of its ads rows, in the currency of the records.'),
});
const dataShape = z.object({ dimensionValues: connection(valueShape) });

export const dimensionValues: Tool = {
  name: 'dimension_values',
  title: 'Values of a dimension',
  description:
    'Returns the values that stored records have for a dimension or a breakdown, highest cost first. Use it before you filter, to find out how names are written. `search` finds values that contain a text.',
  input: (schema, definitions) =>
    z.strictObject({
      ...fieldArguments(
        schema,
        'dimensionValues',
        ['dimension', 'breakdown', 'dateRange', 'where', 'search'],
        definitions,
      ),
      ...pageArguments,
    }),
  output: z.object({
    workspace: z.string(),
    values: z.array(valueShape),
    page: pageShape,
    note: z.string(),
    query: queryShape,
  }),
  async run({ first, after, ...passed }, { schema, caller, ask }) {
    const query = ownQuery(schema, 'McpDimensionValues', [
      {
        field: 'dimensionValues',
        given: { ...passed, first: first ?? usualRows, after },
        selection: connectionOf('value rows cost'),
      },
    ]);
    const { data } = await ask(query);
    const { rows, page } = pageOf(dataShape.parse(data).dimensionValues);
    return { workspace: caller.workspace, values: rows, page, note: textsAreData, query };
  },
};
