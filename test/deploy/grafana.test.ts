import { buildSchema, parse, validate } from 'graphql';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { exportedSeries, promqlProblem, readText, readYaml, unknownNames } from '../support/deploy.ts';

const datasource = z.strictObject({ type: z.string(), uid: z.string() });
const board = z.object({
  uid: z.string(),
  panels: z.array(
    z.object({
      id: z.number(),
      title: z.string().min(1),
      datasource,
      gridPos: z.object({ x: z.number(), y: z.number(), w: z.number(), h: z.number() }),
      targets: z
        .array(
          z.object({
            datasource,
            expr: z.string().optional(),
            root_selector: z.string().optional(),
            columns: z.array(z.object({ selector: z.string() })).optional(),
            url_options: z.object({ body_graphql_query: z.string() }).optional(),
          }),
        )
        .min(1),
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

it('panels of utmql ask what its schema answers, and read columns that are selected', () => {
  const schema = buildSchema(readText('schema/schema.graphql'));
  const asked = targets.flatMap(({ title, url_options: options, columns }) =>
    options ? [{ title, query: options.body_graphql_query, columns: columns ?? [] }] : [],
  );
  expect(asked.length).toBeGreaterThan(4);
  for (const { title, query, columns } of asked) {
    // Grafana puts the days in.
    const document = parse(query.replace(/\$\{__(from|to):date:YYYY-MM-DD\}/g, '2025-08-01'));
    expect(validate(schema, document), title).toEqual([]);
    for (const { selector } of columns) expect(query, title).toMatch(new RegExp(`\\b${selector}\\b`));
  }
});
