import type { RootField } from '../access/grants.ts';
import { type Alert, comparisons } from '../alerts/alert.ts';
import type { AlertTest } from '../alerts/alerts.ts';
import { type AlertState, alertStates } from '../alerts/transition.ts';
import { fieldOf } from '../metrics/registry.ts';
import { builder, enumValues } from './builder.ts';
import { type CountedList, countAlways } from './list-rows.ts';

/** Alerts that a workspace has as a rule, for what a query costs. */
const usualAlerts = 10;

const stateMeanings = {
  ok: 'Its condition does not hold.',
  firing: 'Its condition holds.',
  unknown: 'Nobody can tell: days without data, or a figure that is null. What was told before still counts.',
} as const;

const AlertStateEnum = builder.enumType('AlertState', {
  description: 'What the last check of an alert has found.',
  values: enumValues(alertStates, (name) => stateMeanings[name]),
});

const comparisonMeanings = {
  above: 'The figure is above the threshold.',
  below: 'The figure is below the threshold.',
  rises_by: 'Against as many days before, the figure has risen by more than this fraction.',
  falls_by: 'Against as many days before, the figure has fallen by more than this fraction.',
} as const;

const AlertComparisonEnum = builder.enumType('AlertComparison', {
  description: 'What the condition of an alert is.',
  values: enumValues(comparisons, (name) => comparisonMeanings[name]),
});

const AlertType = builder
  .objectRef<{ readonly alert: Alert; readonly state: AlertState | undefined }>('Alert')
  .implement({
    description: 'An alert of ALERTS_FILE.',
    fields: (t) => ({
      name: t.string({ description: 'Its name.', resolve: ({ alert }) => alert.name }),
      description: t.string({
        description: 'What the file says of it.',
        resolve: ({ alert }) => alert.description,
      }),
      measure: t.string({
        description: 'The measure, as a field of `metrics`.',
        resolve: ({ alert }) => fieldOf(alert.measure),
      }),
      lastDays: t.int({
        description: 'Complete days before today that it is about.',
        resolve: ({ alert }) => alert.lastDays,
      }),
      comparison: t.field({
        type: AlertComparisonEnum,
        description: 'What the figure is compared with.',
        resolve: ({ alert }) => alert.comparison,
      }),
      threshold: t.float({
        description: 'In the unit of the measure; of relative changes a fraction: 0.2 means 20%.',
        resolve: ({ alert }) => alert.threshold,
      }),
      state: t.field({
        type: AlertStateEnum,
        description: 'What the last check has found. UNKNOWN before the first.',
        resolve: ({ state }) => state?.state ?? 'unknown',
      }),
      isFiring: t.boolean({
        description: 'Whether the webhook was told that it holds, and not that it is over; or will be.',
        resolve: ({ state }) => state?.isFiring ?? false,
      }),
      since: t.field({
        type: 'DateTime',
        nullable: true,
        description: 'When it came into this state. Null before the first check.',
        resolve: ({ state }) => (state === undefined ? null : new Date(state.since)),
      }),
      value: t.float({
        nullable: true,
        description: 'The figure of the last check that found one; of relative changes the change.',
        resolve: ({ state }) => state?.value ?? null,
      }),
      reason: t.string({
        nullable: true,
        description: 'Why the state is UNKNOWN. Null otherwise.',
        resolve: ({ state }) => (state === undefined ? 'It was not checked yet.' : state.reason || null),
      }),
      checkedAt: t.field({
        type: 'DateTime',
        nullable: true,
        description: 'When it was last checked. Null if it never was.',
        resolve: ({ state }) => (state === undefined ? null : new Date(state.checkedAt)),
      }),
      pendingMessages: t.int({
        description: 'Messages that the webhook has not taken yet.',
        resolve: ({ state }) => state?.pending.length ?? 0,
      }),
      deliveryError: t.string({
        nullable: true,
        description: 'Why the webhook did not take the last message. Null if it did, or there was none.',
        resolve: ({ state }) => state?.deliveryError || null,
      }),
    }),
  });

builder.queryField('alerts', (t) =>
  t.field({
    type: [AlertType],
    description: 'The alerts of the workspace, in the order of ALERTS_FILE, at most 100.',
    extensions: { access: 'read', volatile: true, countRows: countAlways(usualAlerts) } satisfies RootField &
      CountedList,
    resolve: async (_root, _args, { caller, alerts }) => [...(await alerts.list(caller))],
  }),
);

const TestAlertPayload = builder.objectRef<AlertTest>('TestAlertPayload').implement({
  description: 'What became of a test message.',
  fields: (t) => ({
    delivered: t.boolean({
      description: 'Whether the webhook took it.',
      resolve: ({ error }) => error === undefined,
    }),
    webhookId: t.exposeString('webhookId', { description: 'Its `webhook-id`.' }),
    error: t.string({
      nullable: true,
      description: 'Why the webhook did not take it.',
      resolve: ({ error }) => error?.message ?? null,
    }),
  }),
});

builder.mutationField('testAlert', (t) =>
  t.field({
    type: TestAlertPayload,
    description:
      'Posts a message of the type `alert.test` to ALERTS_WEBHOOK_URL, once. The state of the alert does not change. Errors: NOT_FOUND.',
    extensions: { access: 'admin' } satisfies RootField,
    args: { name: t.arg.string({ required: true, description: 'Name of the alert.' }) },
    resolve: (_root, { name }, { caller, alerts }) => alerts.test(name, caller),
  }),
);
