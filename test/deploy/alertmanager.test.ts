import { expect, it } from 'vitest';
import { z } from 'zod';
import { readText, readYaml } from '../support/deploy.ts';

const duration = z.string().regex(/^\d+[smh]$/);
const route = z.strictObject({
  receiver: z.string(),
  matchers: z.array(z.string()).optional(),
  group_by: z.array(z.string()).optional(),
  group_wait: duration,
  group_interval: duration.optional(),
  repeat_interval: duration,
});
const [config] = z
  .tuple([
    z.strictObject({
      route: route.extend({ routes: z.array(route) }),
      inhibit_rules: z.array(
        z.strictObject({ source_matchers: z.array(z.string()), target_matchers: z.array(z.string()) }),
      ),
      receivers: z.array(
        z.strictObject({
          name: z.string(),
          webhook_configs: z.array(z.strictObject({ url_file: z.string(), send_resolved: z.boolean() })),
        }),
      ),
    }),
  ])
  .parse(readYaml('deploy/alertmanager/alertmanager.yml'));
const compose = readText('docker-compose.yml');
const alerts = [...readText('deploy/prometheus/alerts.yml').matchAll(/- alert: (\w+)/g)].map(
  ([, name]) => name,
);

it('every route has a receiver, whose address is a secret of the container', () => {
  const receivers = config.receivers.map(({ name }) => name);
  for (const { receiver } of [config.route, ...config.route.routes]) expect(receivers).toContain(receiver);
  for (const { url_file: file } of config.receivers.flatMap((receiver) => receiver.webhook_configs)) {
    const [, secret = ''] = /^\/run\/secrets\/(\w+)$/.exec(file) ?? [];
    expect(compose).toContain(`  ${secret}:\n    environment: `);
    expect(compose).toMatch(new RegExp(`  alertmanager:\\n[\\s\\S]*?secrets:\\n      - ${secret}\\n`));
  }
});

it('rules are about alerts and severities that there are', () => {
  const named = config.inhibit_rules
    .flatMap((rule) => [...rule.source_matchers, ...rule.target_matchers])
    .flatMap((matcher) => /^alertname (?:=|=~) "([\w|]+)"$/.exec(matcher)?.[1]?.split('|') ?? [matcher]);
  expect(named.length).toBeGreaterThan(1);
  for (const name of named) expect(alerts).toContain(name);
  expect(config.route.routes.flatMap(({ matchers }) => matchers)).toEqual(['severity = "page"']);
});

it('Prometheus sends alerts to it', () => {
  const [prometheus] = z
    .tuple([
      z.looseObject({
        alerting: z.strictObject({
          alertmanagers: z.tuple([
            z.strictObject({ static_configs: z.tuple([z.strictObject({ targets: z.array(z.string()) })]) }),
          ]),
        }),
      }),
    ])
    .parse(readYaml('deploy/prometheus/prometheus.yml'));
  expect(prometheus.alerting.alertmanagers[0].static_configs[0].targets).toEqual(['alertmanager:9093']);
  expect(compose).toMatch(/ {2}alertmanager:\n {4}image: prom\/alertmanager:/);
});
