import { setTimeout as delay } from 'node:timers/promises';
import { uuidv7 } from 'uuidv7';
import type { Caller } from '../access/caller.ts';
import type { Lock } from '../clickhouse/leases/store-lock.ts';
import { toUtmqlError, UtmqlError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import type { Clock } from '../time.ts';
import type { WebhookSender } from '../webhooks/sender.ts';
import type { WebhookMessage } from '../webhooks/signature.ts';
import type { Alert } from './alert.ts';
import type { AlertStates } from './alert-states.ts';
import type { Evaluate } from './evaluate.ts';
import { type AlertState, messageOf, nextState } from './transition.ts';

/** Besides after each run: pushed records and midnight change figures, too, and what was not taken is sent again. */
const checkEveryMs = 300_000;
/** How long a message is sent again before the others have their turn. */
const patienceMs = 60_000;

/** What became of a test message. */
export interface AlertTest {
  readonly webhookId: string;
  /** Why the webhook did not take it; undefined: it did. */
  readonly error: UtmqlError | undefined;
}

/** The alerts in force. */
export interface Alerts {
  /** Those of a workspace, each with its state; undefined: it was not checked yet. */
  list(
    caller: Pick<Caller, 'workspace' | 'requestId'>,
  ): Promise<readonly { alert: Alert; state: AlertState | undefined }[]>;
  /**
   * Sends a test message of an alert, once.
   *
   * @throws UtmqlError NOT_FOUND
   */
  test(name: string, caller: Pick<Caller, 'workspace' | 'requestId'>): Promise<AlertTest>;
  /** Figures may have changed: checks soon. */
  notice(): void;
  /** Other alerts are in force from now on. */
  change(alerts: readonly Alert[]): void;
  /** Begins to check. */
  start(): void;
  stop(): Promise<void>;
}

/**
 * @param options.lock of all processes: what is stored of a check follows from what was stored before
 * @param options.sender undefined: there is no webhook, and no alerts
 */
export function createAlerts(options: {
  alerts: readonly Alert[];
  evaluate: Evaluate;
  states: AlertStates;
  lock: Lock;
  sender: WebhookSender | undefined;
  clock: Clock;
  logger: Logger;
}): Alerts {
  const { evaluate, states, lock, sender, clock, logger } = options;
  let { alerts } = options;
  const stopping = new AbortController();
  const { signal } = stopping;
  let wake = new AbortController();
  let checking: Promise<void> | undefined;

  const check = (alert: Alert): Promise<void> =>
    lock.runExclusive(async () => {
      const found = await evaluate(alert, uuidv7());
      const before = (await states.of(alert.workspace)).get(alert.name);
      const next = nextState(alert, before, found, clock.now());
      await states.save(alert.workspace, alert.name, next);
      if (next.isFiring !== (before?.isFiring ?? false))
        logger.info(
          { alert: alert.name, workspace: alert.workspace, value: next.value, state: next.state },
          'an alert has changed',
        );
    });

  /** Notes what became of a message. */
  const settle = ({ workspace, name }: Alert, id: string, error: string): Promise<void> =>
    lock.runExclusive(async () => {
      const now = (await states.of(workspace)).get(name);
      if (now === undefined) return;
      const pending = error === '' ? now.pending.filter((message) => message.id !== id) : now.pending;
      await states.save(workspace, name, { ...now, pending, deliveryError: error });
    });

  const deliver = async (alert: Alert): Promise<void> => {
    const state = (await states.of(alert.workspace)).get(alert.name);
    for (const message of state?.pending ?? []) {
      const failure = await send(message, patienceMs);
      if (signal.aborted) return;
      await settle(alert, message.id, failure?.message ?? '');
      // Those behind it wait: an end is not told before the beginning.
      if (failure !== undefined) return;
    }
  };

  const send = async (message: WebhookMessage, patience: number): Promise<UtmqlError | undefined> => {
    try {
      if (sender === undefined) throw noWebhook();
      await sender.send(message, { signal, logger, patienceMs: patience });
      return undefined;
    } catch (error) {
      return toUtmqlError(error, 'The message could not be sent for a reason that has been logged.');
    }
  };

  const checkAll = async (): Promise<void> => {
    for (const alert of alerts) {
      if (signal.aborted) return;
      await check(alert).catch((error: unknown) => {
        if (!signal.aborted)
          logger.warn({ err: error, alert: alert.name }, 'an alert could not be checked; it is tried again');
      });
    }
    const delivered = await Promise.allSettled(alerts.map(deliver));
    for (const result of delivered)
      if (result.status === 'rejected' && !signal.aborted)
        logger.warn(
          { err: result.reason as unknown },
          'messages of an alert could not be read; it is tried again',
        );
  };

  const checkAgain = async (): Promise<void> => {
    while (!signal.aborted) {
      // Before the check: what comes during it wakes it again.
      wake = new AbortController();
      await checkAll();
      const either = AbortSignal.any([signal, wake.signal]);
      await delay(checkEveryMs, undefined, { signal: either, ref: false }).catch(() => undefined);
    }
  };

  return {
    async list({ workspace, requestId }) {
      const own = alerts.filter((alert) => alert.workspace === workspace);
      if (own.length === 0) return [];
      const known = await states.of(workspace, { requestId });
      return own.map((alert) => ({ alert, state: known.get(alert.name) }));
    },
    async test(name, { workspace }) {
      const alert = alerts.find((each) => each.workspace === workspace && each.name === name);
      if (alert === undefined)
        throw new UtmqlError(
          'NOT_FOUND',
          `This workspace has no alert ${JSON.stringify(name.slice(0, 64))}.`,
        );
      const message = messageOf('alert.test', alert, undefined, clock.now());
      return { webhookId: message.id, error: await send(message, 0) };
    },
    notice: () => wake.abort(),
    change(next) {
      alerts = next;
      wake.abort();
    },
    start() {
      checking ??= checkAgain();
    },
    async stop() {
      stopping.abort();
      await checking;
    },
  };
}

const noWebhook = (): UtmqlError =>
  new UtmqlError('CONFIGURATION', 'There is no webhook: set ALERTS_WEBHOOK_URL and ALERTS_WEBHOOK_SECRET.');
