import { readFile } from 'node:fs/promises';
import { buildSchema, parse, validate } from 'graphql';
import { glob } from 'tinyglobby';
import { expect, it } from 'vitest';
import { metricsTable } from '../../src/docs/metrics-table.ts';
import { knownVariables, readText } from '../support/deploy.ts';

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
  const codes = ['STORE_UNAVAILABLE', 'SOURCE_UNAVAILABLE', 'SOURCE_REFUSED', 'SOURCE_MALFORMED'];
  for (const name of names) expect([...knownVariables, ...codes]).toContain(name);
});

it('every field of a log line is told of', async () => {
  const documented = new Set(
    [...manual.matchAll(/^\| (`[^|]*`) \|/gm)].flatMap(([, cell = '']) =>
      [...cell.matchAll(/`(\w+)`/g)].map(([, name = '']) => name),
    ),
  );
  const files = await glob('src/**/*.ts', { ignore: ['src/demo/**'], absolute: true });
  const missing = new Set<string>();
  for (const file of files) {
    const text = await readFile(file, 'utf8');
    for (const [, fields = ''] of text.matchAll(
      /logger\w*(?:\(\))?(?:\.(?:trace|debug|info|warn|error|fatal|child)|\[level\])\(\s*\{([^{}]*)\}/g,
    )) {
      for (const field of fields.split(',')) {
        const name = /^\s*([a-z]\w*)\s*(?::|$)/i.exec(field)?.[1];
        if (name !== undefined && !documented.has(name)) missing.add(`${name} (${file})`);
      }
    }
  }
  expect([...missing]).toEqual([]);
});
