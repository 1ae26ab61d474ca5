import { createHash } from 'node:crypto';
import { fieldOf } from '../metrics/registry.ts';
import type { WebhookMessage } from '../webhooks/signature.ts';
import type { Alert } from './alert.ts';
import type { Evaluation } from './evaluate.ts';

export const alertStates = ['ok', 'firing', 'unknown'] as const;

/** What is known of an alert. */
export interface AlertState {
  readonly state: (typeof alertStates)[number];
  /** It was told of, and its end was not: also while nobody can tell. */
  readonly isFiring: boolean;
  /** When it came into this state, epoch milliseconds. */
  readonly since: number;
  readonly value: number | undefined;
  /** Why it is unknown; empty otherwise. */
  readonly reason: string;
  readonly checkedAt: number;
  /** Messages that the webhook has not taken yet, oldest first. */
  readonly pending: readonly WebhookMessage[];
  /** Why the last one was not taken; empty where it was. */
  readonly deliveryError: string;
}

/** What becomes of a state after a check: what is new is put behind what is pending. */
export function nextState(
  alert: Alert,
  before: AlertState | undefined,
  found: Evaluation,
  now: number,
): AlertState {
  const wasFiring = before?.isFiring ?? false;
  const isFiring = found.state === 'unknown' ? wasFiring : found.state === 'firing';
  const since = before?.state === found.state ? before.since : now;
  const news =
    found.state === 'unknown' || isFiring === wasFiring
      ? []
      : [messageOf(isFiring ? 'alert.firing' : 'alert.resolved', alert, found, now)];
  return {
    state: found.state,
    isFiring,
    since,
    value: found.state === 'unknown' ? before?.value : found.value,
    reason: found.state === 'unknown' ? found.reason : '',
    checkedAt: now,
    pending: [...(before?.pending ?? []), ...news],
    deliveryError: before?.deliveryError ?? '',
  };
}

/** @param found what was found; undefined: nothing was looked at, it is a test */
export function messageOf(
  type: 'alert.firing' | 'alert.resolved' | 'alert.test',
  { workspace, name, description, measure, lastDays, comparison, threshold }: Alert,
  found: Exclude<Evaluation, { state: 'unknown' }> | undefined,
  now: number,
): WebhookMessage {
  const timestamp = new Date(now).toISOString();
  const body = JSON.stringify({
    type,
    timestamp,
    data: {
      workspace,
      alert: name,
      description,
      measure: fieldOf(measure),
      lastDays,
      comparison,
      threshold,
      value: found?.value ?? null,
      range: found?.range ?? null,
    },
  });
  // Of what it says and when: however often it is sent, and by whom.
  return { id: `msg_${createHash('sha256').update(body).digest('base64url').slice(0, 32)}`, body };
}
