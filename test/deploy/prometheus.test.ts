import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { exportedSeries, promtool, readText, readYaml, unknownNames } from '../support/deploy.ts';

const rulesFile = z.strictObject({
  groups: z.array(
    z.strictObject({
      name: z.string(),
      rules: z.array(
        z.strictObject({
          alert: z.string(),
          expr: z.string(),
          for: z.string().optional(),
          labels: z.strictObject({ severity: z.enum(['page', 'ticket']) }),
          annotations: z.strictObject({ summary: z.string(), runbook: z.string() }),
        }),
      ),
    }),
  ),
});
const [parsed] = readYaml('deploy/prometheus/alerts.yml');
const rules = rulesFile.parse(parsed).groups.flatMap((group) => group.rules);
const fileOf = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

it('alerts ask only for what the program exports', async () => {
  const series = await exportedSeries();
  for (const { alert, expr } of rules) expect(unknownNames(expr, series), alert).toEqual([]);
  expect(unknownNames('sum by (color) (rate(no_such_total{kind="a"}[5m])) / buffer_records', series)).toEqual(
    ['no_such_total', 'label kind', 'label color'],
  );
});

it('every alert is told of in the operations manual, at the address that it gives', () => {
  const headings = [...readText('docs/operations.md').matchAll(/^### (\w+)$/gm)].map(([, name]) => name);
  expect(rules.map(({ alert }) => alert).sort()).toEqual(headings.sort());
  for (const { alert, annotations } of rules)
    expect(annotations.runbook).toBe(`docs/operations.md#${alert.toLowerCase()}`);
});

it('the rules fire when they should, and the configuration is right, by Prometheus itself', async (context) => {
  const rulesChecked = await promtool('check', 'rules', fileOf('deploy/prometheus/alerts.yml'));
  if (rulesChecked === undefined) {
    process.stdout.write('promtool is not installed: the alert rules are not evaluated\n');
    return context.skip();
  }
  expect(rulesChecked).toMatchObject({ code: 0 });
  const config = fileOf('deploy/prometheus/prometheus.yml');
  // Only the syntax: the key is a file of the container.
  expect(await promtool('check', 'config', '--syntax-only', config)).toMatchObject({ code: 0 });
  const fired = await promtool('test', 'rules', fileOf('test/deploy/alerts.test.yml'));
  expect(fired?.code, fired?.output).toBe(0);
});
