import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSchema, parse, validate } from 'graphql';
import { glob } from 'tinyglobby';
import ts from 'typescript';
import { expect, it } from 'vitest';
import { metricsTable } from '../../src/docs/prometheus-table.ts';
import {
  exportedSeries,
  knownVariables,
  promqlProblem,
  promtool,
  readText,
  unknownNames,
} from '../support/deploy.ts';

const manual = readText('docs/operations.md');

it('the table of metrics is the registry’s', async () => {
  expect(manual).toContain(`<!-- metrics -->\n${await metricsTable()}\n<!-- /metrics -->`);
});

it('the metrics that dashboards and operators count on have these names and labels', async () => {
  const table = await metricsTable();
  for (const row of [
    'http_requests_total` | counter | `route`, `method`, `status`',
    'http_request_duration_seconds` | histogram |',
    'http_requests_in_flight` | gauge |',
    'graphql_operations_total` | counter | `operation`, `kind`, `outcome`',
    'graphql_operation_duration_seconds` | histogram |',
    'clickhouse_query_duration_seconds` | histogram |',
    'ingest_requests_total` | counter |',
    'ingest_failures_total` | counter |',
    'ingest_latency_seconds` | histogram |',
    'ingest_records_total` | counter | `kind`, `outcome`',
    'ingest_repairs_total` | counter |',
    'source_requests_total` | counter |',
    'source_request_duration_seconds` | histogram |',
    'circuit_breaker_state` | gauge |',
    'buffer_records` | gauge |',
    'buffer_bytes` | gauge |',
    'buffer_oldest_seconds` | gauge |',
    'rejected_records` | gauge |',
    'data_freshness_seconds` | gauge | `source`',
  ])
    expect(table).toContain(`| \`${row}`);
});

it('the queries of the manual are the schema’s, and its variables the program’s', () => {
  const schema = buildSchema(readText('schema/schema.graphql'));
  const queries = [...manual.matchAll(/`((?:mutation )?\{ \w[^`]*\})`/g)].map(([, query = '']) => query);
  expect(queries.length).toBeGreaterThan(3);
  for (const query of queries) expect(validate(schema, parse(query)), query).toEqual([]);
  const names = [...manual.matchAll(/`([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)`/g)].map(([, name = '']) => name);
  const codes = [...readText('docs/api.md').matchAll(/`([A-Z]+(?:_[A-Z]+)*)`/g)].map(([, code]) => code);
  const ofCompose = [...readText('.env.example').matchAll(/^(\w+)=/gm)].map(([, name]) => name);
  for (const name of names) expect([...knownVariables, ...codes, ...ofCompose], name).toContain(name);
});

it('the PromQL of the manual asks for what the program exports, and is well formed', async () => {
  const series = await exportedSeries();
  const expressions = [...manual.matchAll(/`([^`\n]+)`/g)]
    .map(([, text = '']) => text)
    .filter((text) => /[(/]/.test(text) && [...series.keys()].some((name) => text.includes(name)));
  expect(expressions.length).toBeGreaterThan(1);
  for (const expression of expressions) expect(unknownNames(expression, series), expression).toEqual([]);
  expect((await promqlProblem(expressions)) ?? '').toBe('');
  // That it has samples, too, `promtool test rules` shows: series of different labels never meet by themselves.
  const evaluated = readText('test/deploy/alerts.test.yml');
  for (const expression of expressions) expect(evaluated, expression).toContain(`expr: '${expression}'`);
});

it('the scrape configuration of the manual is one, by Prometheus itself', async (context) => {
  const [, block = ''] = /```yaml\n(scrape_configs:[\s\S]*?)```/.exec(manual) ?? [];
  const folder = await mkdtemp(join(tmpdir(), 'utmql-scrape-'));
  await writeFile(join(folder, 'prometheus.yml'), block);
  const checked = await promtool('check', 'config', '--syntax-only', join(folder, 'prometheus.yml'));
  await rm(folder, { recursive: true });
  if (checked === undefined) return context.skip();
  expect(checked.code, checked.output).toBe(0);
  expect(block).toContain('job_name: utmql');
});

it('every field of a log line is told of, once', async () => {
  const table = manual.split('## Log lines')[1]?.split('\n## ')[0] ?? '';
  const told = [...table.matchAll(/^\| (`[^|]*`) \|/gm)].flatMap(([, cell = '']) =>
    [...cell.matchAll(/`(\w+)`/g)].map(([, name = '']) => name),
  );
  expect(told.filter((name, index) => told.indexOf(name) !== index)).toEqual([]);
  const files = await glob('src/**/*.ts', { ignore: ['src/demo/**'], absolute: true });
  const missing = new Set<string>();
  for (const file of files) {
    for (const name of loggedFields(await readFile(file, 'utf8')))
      if (!told.includes(name)) missing.add(`${name} (${file})`);
  }
  expect([...missing]).toEqual([]);
});

const logCall = /\blogger\w*(?:\(\))?(?:\.(?:trace|debug|info|warn|error|fatal|child)|\[level\])$/;

/** Names in the object that comes first in each call of a logger, those of `...(condition ? {} : { name })` included. */
function loggedFields(text: string): string[] {
  const found: string[] = [];
  const collect = (node: ts.Node): void => {
    if (!ts.isObjectLiteralExpression(node)) {
      ts.forEachChild(node, collect);
      return;
    }
    for (const property of node.properties) {
      if (ts.isSpreadAssignment(property)) collect(property.expression);
      else found.push(property.name.getText());
    }
  };
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && logCall.test(node.expression.getText())) {
      const [fields] = node.arguments;
      if (fields && ts.isObjectLiteralExpression(fields)) collect(fields);
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile('a.ts', text, ts.ScriptTarget.Latest, true));
  return found;
}
