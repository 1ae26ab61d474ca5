import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { adsFeed, crmFeed, startTestApp, type TestApp } from '../support/app.ts';
import { type Receiver, startReceiver } from '../support/webhook-receiver.ts';

const secret = 'a-secret-of-thirty-bytes-or-so';
const file = `alerts:
  - name: cost_too_high
    description: We spend too much.
    measure: cost
    last_days: 2
    above: 100
  - name: meta_cpc
    measure: cpc
    where: { channel: Meta }
    below: 0.5
  - name: cost_jumps
    measure: cost
    rises_by: 0.5
  - name: elsewhere
    workspace: acme
    measure: cost
    above: 0
`;
// Noon of the 5th: the last two complete days are the 3rd and the 4th.
const clock = { now: () => Math.floor(Date.parse('2025-08-05T12:00:00Z') + performance.now() - startedAt) };
const startedAt = performance.now();

let folder: string;
let receiver: Receiver;
let app: TestApp;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'utmql-alerts-'));
  await writeFile(join(folder, 'alerts.yaml'), file);
  receiver = await startReceiver(secret, clock);
  app = await startTestApp({
    clock,
    environment: {
      ALERTS_FILE: join(folder, 'alerts.yaml'),
      ALERTS_WEBHOOK_URL: receiver.url,
      ALERTS_WEBHOOK_SECRET: secret,
    },
  });
});
beforeEach(() => receiver.forget());
afterEach(() => app.empty());
afterAll(async () => {
  await app.close();
  await receiver.close();
  await rm(folder, { recursive: true, force: true });
});

const ad = (date: string, channel: string, cost: number, clicks = 10) => ({
  date,
  channel,
  campaign_id: 'C-1',
  clicks,
  impressions: 100,
  cost,
});
const pull = async (records: readonly unknown[]): Promise<void> => {
  app.answer({ ads: adsFeed(records), crm: crmFeed([]) });
  await app.pull('sources: ["ads"]');
};
interface Shown {
  readonly name: string;
  readonly state: string;
  readonly isFiring: boolean;
  readonly value: number | null;
  readonly reason: string | null;
  readonly since: string | null;
  readonly checkedAt: string | null;
  readonly pendingMessages: number;
  readonly deliveryError: string | null;
}
const alertsNow = async (): Promise<Record<string, Shown>> => {
  const { data, errors } = await app.query(
    '{ alerts { name state isFiring value reason since checkedAt pendingMessages deliveryError } }',
  );
  expect(errors).toBeUndefined();
  const shown = (data as unknown as { alerts: Shown[] }).alerts;
  return Object.fromEntries(shown.map((alert) => [alert.name, alert]));
};
const until = (name: string, expected: Partial<Shown>) =>
  vi.waitFor(async () => expect((await alertsNow())[name]).toMatchObject(expected), {
    timeout: 30_000,
    interval: 200,
  });
const told = (type?: string) =>
  receiver.counted
    .map(
      ({ body }) => JSON.parse(body) as { type: string; data: { alert: string } & Record<string, unknown> },
    )
    .filter((message) => type === undefined || message.type === type);
const high = [ad('2025-08-03', 'google', 80), ad('2025-08-04', 'google', 70)];
const low = [ad('2025-08-03', 'google', 40), ad('2025-08-04', 'google', 41)];

it('tells once that it holds, stays silent while it does, and says when it is over', async () => {
  await pull(high);
  await until('cost_too_high', {
    state: 'FIRING',
    isFiring: true,
    value: 150,
    pendingMessages: 0,
    reason: null,
  });
  const { since } = (await alertsNow()).cost_too_high ?? {};
  await pull([ad('2025-08-03', 'google', 81), ad('2025-08-04', 'google', 70)]);
  await until('cost_too_high', { state: 'FIRING', value: 151, since: since ?? '' });
  expect(told().filter(({ data }) => data.alert === 'cost_too_high')).toHaveLength(1);
  await pull(low);
  await until('cost_too_high', { state: 'OK', isFiring: false, value: 81, pendingMessages: 0 });
  expect(told().filter(({ data }) => data.alert === 'cost_too_high')).toMatchObject([
    {
      type: 'alert.firing',
      data: {
        workspace: 'default',
        description: 'We spend too much.',
        measure: 'cost',
        lastDays: 2,
        comparison: 'above',
        threshold: 100,
        value: 150,
        range: { from: '2025-08-03', to: '2025-08-04' },
      },
    },
    { type: 'alert.resolved', data: { value: 81 } },
  ]);
  expect(receiver.refused).toBe(0);
});

it('is unknown without data or a figure, and neither begins nor ends', async () => {
  await until('cost_too_high', { state: 'UNKNOWN', isFiring: false });
  await pull(high);
  await until('cost_too_high', { state: 'FIRING' });
  // The 4th is gone: the sum of what is left is no sum of two days, and 80 would be no alert.
  await pull([ad('2025-08-03', 'google', 80), ad('2025-08-02', 'google', 1)]);
  await app.query(
    'mutation { triggerIngest(input: { sources: ["ads"], wait: true, guard: OFF, since: "2025-08-03", until: "2025-08-04" }) { runs { id } } }',
  );
  await until('cost_too_high', { state: 'UNKNOWN', isFiring: true, value: 150 });
  const { cost_too_high: unknown, meta_cpc: cpc } = await alertsNow();
  expect(unknown?.reason).toContain('There are no ads rows on 2025-08-04');
  expect(cpc).toMatchObject({ state: 'UNKNOWN', isFiring: false });
  await pull(high);
  await until('cost_too_high', { state: 'FIRING', reason: null });
  expect(told().filter(({ data }) => data.alert === 'cost_too_high')).toHaveLength(1);
});

it('compares filtered ratios, and relative changes; what divides by zero is unknown', async () => {
  await pull([
    ad('2025-08-03', 'google', 10),
    ad('2025-08-04', 'google', 20),
    ad('2025-08-04', 'meta', 1, 10),
  ]);
  await until('meta_cpc', { state: 'FIRING', value: 0.1 });
  await until('cost_jumps', { state: 'FIRING', value: 1.1 });
  await pull([
    ad('2025-08-03', 'google', 10),
    ad('2025-08-04', 'google', 11),
    ad('2025-08-04', 'meta', 1, 0),
  ]);
  await until('meta_cpc', { state: 'UNKNOWN', isFiring: true });
  await until('cost_jumps', { state: 'OK' });
  expect((await alertsNow()).meta_cpc?.reason).toContain('cpc has no value');
});

it('keeps what the webhook does not take, says why, and tells it in order later', async () => {
  receiver.behave(() => ({ status: 410, body: '{"message":"wrong address"}' }));
  await pull(high);
  await until('cost_too_high', {
    pendingMessages: 1,
    deliveryError: expect.stringContaining('410 Gone: “wrong address.”') as never,
  });
  await pull(low);
  await until('cost_too_high', { state: 'OK', pendingMessages: 2 });
  expect(told()).toEqual([]);
  receiver.behave(() => 'take');
  await pull([ad('2025-08-03', 'google', 42), ad('2025-08-04', 'google', 43)]);
  await until('cost_too_high', { state: 'OK', pendingMessages: 0, deliveryError: null });
  expect(
    told()
      .filter(({ data }) => data.alert === 'cost_too_high')
      .map(({ type }) => type),
  ).toEqual(['alert.firing', 'alert.resolved']);
});

it('tests the webhook, of the alerts of the caller’s workspace', async () => {
  const test = async (name: string) => {
    const { data, errors } = await app.query(
      'mutation ($name: String!) { testAlert(name: $name) { delivered webhookId error } }',
      { name },
    );
    return (
      errors?.[0]?.extensions.code ?? (data as unknown as { testAlert: Record<string, unknown> }).testAlert
    );
  };
  const good = await test('meta_cpc');
  expect(good).toMatchObject({ delivered: true, error: null });
  expect(told('alert.test')).toMatchObject([{ data: { alert: 'meta_cpc', value: null } }]);
  expect(receiver.counted.map(({ id }) => id)).toContain((good as { webhookId: string }).webhookId);
  expect(await test('elsewhere')).toBe('NOT_FOUND');
  receiver.behave(() => ({ status: 503 }));
  expect(await test('meta_cpc')).toMatchObject({
    delivered: false,
    error: expect.stringContaining('503') as never,
  });
  expect(Object.keys(await alertsNow())).toEqual(['cost_too_high', 'meta_cpc', 'cost_jumps']);
});
