import {
  buildSchema,
  type DocumentNode,
  type GraphQLSchema,
  isInputType,
  Kind,
  parse,
  type SelectionSetNode,
  validate,
  valueFromAST,
  visit,
} from 'graphql';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { readWhere } from '../../src/graphql/where.ts';
import { exportedSeries, promqlProblem, readText, readYaml, unknownNames } from '../support/deploy.ts';

const request = z.object({
  root_selector: z.string().optional(),
  columns: z.array(z.object({ selector: z.string() })).optional(),
  url_options: z
    .object({
      body_graphql_query: z.string(),
      headers: z.array(z.strictObject({ key: z.string(), value: z.string() })),
    })
    .optional(),
});
const datasource = z.strictObject({ type: z.string(), uid: z.string() });
const board = z.object({
  uid: z.string(),
  templating: z.object({
    list: z.array(
      z.object({
        name: z.string(),
        datasource: datasource.optional(),
        allValue: z.string().optional(),
        query: z.union([z.string(), z.object({ query: z.string() }), z.object({ infinityQuery: request })]),
      }),
    ),
  }),
  panels: z.array(
    z.object({
      id: z.number(),
      title: z.string().min(1),
      datasource,
      gridPos: z.object({ x: z.number(), y: z.number(), w: z.number(), h: z.number() }),
      targets: z.array(request.extend({ datasource, expr: z.string().optional() })).min(1),
    }),
  ),
});
const boards = ['operations', 'marketing'].map((name) =>
  board.parse(JSON.parse(readText(`deploy/grafana/dashboards/${name}.json`))),
);
const targets = boards.flatMap(({ panels }) =>
  panels.flatMap((panel) => panel.targets.map((target) => ({ title: panel.title, ...target }))),
);
const queries = targets.flatMap(({ title, expr }) => (expr === undefined ? [] : [{ title, expr }]));

it('panels have ids of their own, a place of their own, and a data source that is provisioned', () => {
  const [provisioned] = z
    .tuple([z.object({ datasources: z.array(datasource.loose()) })])
    .parse(readYaml('deploy/grafana/provisioning/datasources/datasources.yml'));
  const known = provisioned.datasources.map(({ type, uid }) => ({ type, uid }));
  expect(new Set(boards.map(({ uid }) => uid)).size).toBe(boards.length);
  for (const { panels } of boards) {
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)} ${y + Math.floor(cell / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    for (const { gridPos } of panels) expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
    for (const panel of panels)
      for (const { datasource: source } of [panel, ...panel.targets]) expect(known).toContainEqual(source);
  }
});

it('panels of Prometheus ask for what the program exports', async () => {
  const series = await exportedSeries();
  expect(queries.length).toBeGreaterThan(20);
  for (const { title, expr } of queries) expect(unknownNames(expr, series), title).toEqual([]);
});

it('their PromQL is well formed, by Prometheus itself', async (context) => {
  const problem = await promqlProblem(queries.map(({ expr }) => expr));
  if (problem === undefined) {
    process.stdout.write('promtool is not installed: the PromQL of the dashboards is not parsed\n');
    return context.skip();
  }
  expect(problem).toBe('');
});

it('the error rate is 0 without requests and without failures, as Prometheus’ own tests show', () => {
  const evaluated = readText('test/deploy/alerts.test.yml');
  const rates = queries.filter(({ title }) => title === 'Error rate');
  expect(rates).toHaveLength(2);
  for (const { expr } of rates) expect(evaluated.split(`expr: '${expr}'`)).toHaveLength(4);
});

it('variables are used, those that are used are there, and have a data source that is provisioned', async () => {
  const series = await exportedSeries();
  for (const { templating, panels } of boards) {
    const text = JSON.stringify(panels);
    const own = templating.list.map(({ name }) => name);
    const used = [...text.matchAll(/\$\{?([a-z]\w*)/g)].map(([, name]) => name);
    expect(new Set(used)).toEqual(new Set(own));
    for (const { datasource: source, query } of templating.list) {
      if (source)
        expect(panels.flatMap((panel) => panel.targets.map((target) => target.datasource))).toContainEqual(
          source,
        );
      if (typeof query !== 'object' || !('query' in query)) continue;
      const [, metric = '', label = ''] = /^label_values\((\w+), (\w+)\)$/.exec(query.query) ?? [];
      expect(series.get(metric)).toContain(label);
    }
  }
});

/** Whether the fields of a path are selected, one in the other. */
function selects(selection: SelectionSetNode | undefined, [first, ...rest]: readonly string[]): boolean {
  if (first === undefined) return true;
  return (selection?.selections ?? []).some(
    (field) => field.kind === Kind.FIELD && field.name.value === first && selects(field.selectionSet, rest),
  );
}

/** @throws what utmql answers a filter with that says nothing, which the schema allows */
function readFilters(schema: GraphQLSchema, document: DocumentNode): void {
  const type = schema.getType('MetricsWhere');
  visit(document, {
    Argument({ name, value }) {
      if (name.value === 'where' && isInputType(type))
        readWhere(valueFromAST(value, type) as Parameters<typeof readWhere>[0], undefined);
    },
  });
}

it('panels and variables of utmql ask what its schema answers, and read what is selected', () => {
  const schema = buildSchema(readText('schema/schema.graphql'));
  const variables = boards.flatMap(({ templating }) =>
    templating.list.flatMap(({ name, query }) =>
      typeof query === 'object' && 'infinityQuery' in query ? [{ title: name, ...query.infinityQuery }] : [],
    ),
  );
  const asked = [...targets, ...variables].flatMap(
    ({ title, url_options: options, columns, root_selector: root }) =>
      options ? [{ title, options, columns: columns ?? [], root: root ?? '' }] : [],
  );
  expect(asked.length).toBeGreaterThan(8);
  for (const { title, options, columns, root } of asked) {
    expect(options.headers, title).toEqual([{ key: 'X-Workspace', value: '$workspace' }]);
    // Grafana puts the days in, and what is chosen: null for `All`.
    const query = options.body_graphql_query.replace(/\$\{__(from|to):date:YYYY-MM-DD\}/g, '2025-08-01');
    for (const chosen of ['null', '"google"', '["google","meta"]']) {
      if (chosen.startsWith('[') && !/\$\{channel:json\}/.test(query)) continue;
      const document = parse(query.replace(/\$\{\w+:json\}/g, chosen));
      expect(validate(schema, document), title).toEqual([]);
      readFilters(schema, document);
    }
    const [operation] = parse(query.replace(/\$\{\w+:json\}/g, 'null')).definitions;
    const [data, ...path] = root.split('.');
    expect(data).toBe('data');
    for (const { selector } of columns)
      expect(
        operation?.kind === Kind.OPERATION_DEFINITION &&
          selects(operation.selectionSet, [...path, ...selector.split('.')]),
        `${title}: ${selector}`,
      ).toBe(true);
  }
});
