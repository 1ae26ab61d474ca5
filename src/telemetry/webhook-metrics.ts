import { Counter, Histogram, type Registry } from 'prom-client';
import { secondsBuckets } from './buckets.ts';

export interface WebhookMetrics {
  /** An attempt to post a message ended. */
  onWebhook(webhook: string, outcome: string, seconds: number): void;
}

export function createWebhookMetrics(registry: Registry): WebhookMetrics {
  const registers = [registry];
  const requests = new Counter({
    name: 'webhook_requests_total',
    help: 'Messages posted to a webhook (`sink`, `alerts`) by outcome; each attempt counts.',
    labelNames: ['webhook', 'outcome'],
    registers,
  });
  const seconds = new Histogram({
    name: 'webhook_request_duration_seconds',
    help: 'Duration of an attempt to post a message in seconds.',
    labelNames: ['webhook'],
    buckets: secondsBuckets,
    registers,
  });
  return {
    onWebhook(webhook, outcome, took) {
      requests.inc({ webhook, outcome });
      seconds.observe({ webhook }, took);
    },
  };
}
