import { z } from 'zod';
import { createTelemetry } from '../telemetry.ts';

const metric = z.object({
  name: z.string(),
  help: z.string(),
  labelNames: z.array(z.string()),
});

/** Every metric of the program's own as a table in Markdown, as the registry has them. */
export async function metricsTable(): Promise<string> {
  const { registry } = createTelemetry();
  const types = new Map((await registry.getMetricsAsJSON()).map(({ name, type }) => [name, String(type)]));
  const rows = registry
    .getMetricsAsArray()
    .map((entry) => metric.parse(entry))
    .filter(({ name }) => !/^(process|nodejs)_/.test(name))
    .map(({ name, help, labelNames }) => {
      const labels = labelNames.map((label) => `\`${label}\``).join(', ');
      return `| \`${name}\` | ${types.get(name) ?? ''} | ${labels} | ${help} |`;
    });
  return ['| metric | type | labels | what it says |', '| --- | --- | --- | --- |', ...rows].join('\n');
}
