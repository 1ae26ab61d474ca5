import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { variables } from '../config/variables.ts';
import { type ErrorCodeInfo, errorCodes } from '../error-codes.ts';
import { enumNameOf } from '../graphql/breakdowns.ts';
import { describeAsked } from '../graphql/catalogue.ts';
import { catalogueOf, type Model } from '../metrics/model.ts';
import { dimensionNames, fieldOf } from '../metrics/registry.ts';
import { warningMeanings } from '../metrics/warnings.ts';
import { modelOfCommand } from '../model/model-of-command.ts';
import { openapiDocument } from '../openapi/document.ts';
import { metricsTable } from './prometheus-table.ts';
import { recordSchemaFiles } from './record-schemas.ts';

// `npm run docs`: what the documentation says of configuration, errors, measures and records comes from the code, and CI compares.
const root = new URL('../../', import.meta.url);

interface VariableRow {
  readonly default?: string;
  readonly description: string;
  readonly reloads?: true;
}

function configurationTable(): string {
  const rows = Object.entries<VariableRow>(variables).map(
    ([name, { default: value, description, reloads }]) =>
      `| \`${name}\` | ${value ? `\`${value}\`` : ''} | ${description}${reloads ? ' ↻' : ''} |`,
  );
  return [
    '| variable | default | what it does |',
    '| --- | --- | --- |',
    ...rows,
    '',
    '↻ You can change this value without a restart: edit `ENV_FILE`, then send SIGHUP (`kill -HUP`).',
  ].join('\n');
}

function errorCodesTable(): string {
  const rows = Object.entries<ErrorCodeInfo>(errorCodes).map(
    ([code, { status, meaning, remedy }]) => `| \`${code}\` | ${status ?? ''} | ${meaning} | ${remedy} |`,
  );
  return ['| code | status | what it means | what to do |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

function warningsTable(): string {
  const rows = Object.entries(warningMeanings).map(([code, meaning]) => `| \`${code}\` | ${meaning} |`);
  return ['| code | what it says |', '| --- | --- |', ...rows].join('\n');
}

function metricsPage(model: Model | undefined): string {
  const catalogue = catalogueOf(model);
  const measures = catalogue.measures.map((name) => {
    const { formula, unit, description } = catalogue.describe(name);
    return `| \`${fieldOf(name)}\` | \`${enumNameOf(name)}\` | ${formula} | ${unit} | ${description} |`;
  });
  const dimensions = [...dimensionNames, ...(model?.dimensions.keys() ?? [])].map(
    (name) => `| \`${fieldOf(name)}\` | \`${enumNameOf(name)}\` | ${describeAsked(name, model)} |`,
  );
  return `<!-- Written by \`npm run docs\` from src/metrics/registry.ts. -->
# Measures and dimensions

A ratio divides the sums of the requested group. It never averages ratios, and is null if the denominator is zero. utmql
sums money exactly; only the final division uses floating point.

## Measures

| field | enum | formula | unit | meaning |
| --- | --- | --- | --- | --- |
${measures.join('\n')}

## Dimensions

| field | enum | meaning |
| --- | --- | --- |
${dimensions.join('\n')}
`;
}

function replaceBetween(text: string, marker: string, content: string): string {
  const pattern = new RegExp(`(<!-- ${marker} -->\n)[\\s\\S]*?(<!-- /${marker} -->)`);
  if (!pattern.test(text)) throw new Error(`There is no place marked ${marker}.`);
  return text.replace(pattern, (_match, start: string, end: string) => `${start}${content}\n${end}`);
}

const readme = new URL('README.md', root);
writeFileSync(readme, replaceBetween(readFileSync(readme, 'utf8'), 'configuration', configurationTable()));
writeFileSync(new URL('docs/metrics.md', root), metricsPage(await modelOfCommand()));
const operations = new URL('docs/operations.md', root);
writeFileSync(operations, replaceBetween(readFileSync(operations, 'utf8'), 'metrics', await metricsTable()));

const api = new URL('docs/api.md', root);
const withErrors = replaceBetween(readFileSync(api, 'utf8'), 'errors', errorCodesTable());
writeFileSync(api, replaceBetween(withErrors, 'warnings', warningsTable()));

const schemas = new URL('schema/records/', root);
mkdirSync(schemas, { recursive: true });
for (const { name, text } of recordSchemaFiles()) writeFileSync(new URL(name, schemas), text);
writeFileSync(new URL('schema/openapi.json', root), `${JSON.stringify(openapiDocument(), null, 2)}\n`);
