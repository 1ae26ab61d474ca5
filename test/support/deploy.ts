import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseAllDocuments, stringify } from 'yaml';
import { z } from 'zod';
import { variables } from '../../src/config/variables.ts';
import { createTelemetry } from '../../src/telemetry.ts';

const root = new URL('../../', import.meta.url);

/** The environment variables that may be set. */
export const knownVariables: readonly string[] = Object.keys(variables);

export const readText = (path: string): string => readFileSync(new URL(path, root), 'utf8');

/** The documents of a YAML file; fails on whatever the parser warns of, such as a key that is there twice. */
export function readYaml(path: string): unknown[] {
  return parseAllDocuments(readText(path), { merge: true }).map((document) => {
    const problems = [...document.errors, ...document.warnings];
    if (problems.length > 0) throw new Error(`${path}: ${problems.map(({ message }) => message).join('; ')}`);
    return document.toJS() as unknown;
  });
}

const metric = z.object({ name: z.string(), labelNames: z.array(z.string()) });

/** Every series that the program exports, by name, with its labels. */
export async function exportedSeries(): Promise<ReadonlyMap<string, readonly string[]>> {
  const { registry } = createTelemetry();
  const types = new Map((await registry.getMetricsAsJSON()).map(({ name, type }) => [name, String(type)]));
  const series = registry.getMetricsAsArray().flatMap((entry) => {
    const { name, labelNames } = metric.parse(entry);
    const names =
      types.get(name) === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name];
    return names.map((one) => [one, labelNames] as const);
  });
  return new Map(series);
}

/** What Prometheus itself adds. */
const ownSeries = ['up'];
const ownLabels = ['le', 'job', 'instance'];
const operators = ['and', 'or', 'unless', 'bool'];
const labelLists = /\b(?:by|without|on|ignoring)\s*\(([^)]*)\)/g;

/** What is wrong with the names in a PromQL expression. */
export function unknownNames(expression: string, series: ReadonlyMap<string, readonly string[]>): string[] {
  const labels = [
    ...[...expression.matchAll(/\{([^}]*)\}/g)].flatMap(([, inner = '']) =>
      [...inner.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, label = '']) => label),
    ),
    ...[...expression.matchAll(labelLists)].flatMap(([, inner = '']) =>
      inner.split(',').map((label) => label.trim()),
    ),
  ];
  const bare = expression
    .replace(/\{[^}]*\}/g, '')
    .replace(/\[[^\]]*\]/g, '')
    .replace(labelLists, '');
  const names = [...bare.matchAll(/[a-z_]\w*(?!\w)(?!\s*\()/gi)]
    .map(([name]) => name)
    .filter((name) => !operators.includes(name));
  const known = new Set([...ownLabels, ...names.flatMap((name) => series.get(name) ?? [])]);
  return [
    ...names.filter((name) => !series.has(name) && !ownSeries.includes(name)),
    ...labels.filter((label) => !known.has(label)).map((label) => `label ${label}`),
  ];
}

/** Runs Prometheus' own checker; undefined where this machine has none. */
export function promtool(...args: string[]): Promise<{ code: number; output: string } | undefined> {
  return new Promise((resolve) => {
    execFile('promtool', args, (error, stdout, stderr) => {
      if (error !== null && error.code === 'ENOENT') return resolve(undefined);
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, output: `${stdout}${stderr}` });
    });
  });
}

/** The first complaint of Prometheus itself about PromQL expressions; '' where there is none, undefined without promtool. */
export async function promqlProblem(expressions: readonly string[]): Promise<string | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'utmql-promql-'));
  const file = join(folder, 'rules.yml');
  const rules = expressions.map((expr, index) => ({ record: `expression:${index}`, expr }));
  await writeFile(file, stringify({ groups: [{ name: 'expressions', rules }] }));
  const checked = await promtool('check', 'rules', file);
  await rm(folder, { recursive: true });
  return checked && (checked.code === 0 ? '' : checked.output);
}

/** What the image sets for whoever runs it. */
export function imageEnvironment(): Readonly<Record<string, string>> {
  const [, given = ''] = /^ENV (.*)$/m.exec(readText('Dockerfile')) ?? [];
  return Object.fromEntries(given.split(' ').map((pair) => pair.split('=') as [string, string]));
}
