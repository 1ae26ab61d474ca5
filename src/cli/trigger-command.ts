import { exitCodesText } from '../trigger/exit-code.ts';
import { defineCommand } from './command.ts';

/** `utmql trigger`, for cron, Kubernetes and Airflow. */
export const triggerCommand = defineCommand({
  summary: 'Starts runs of sources on a running utmql, waits for them, and exits by their status.',
  usage: [
    'trigger [--url URL] [--source NAME …] [--workspace NAME …] [--from DAY] [--to DAY] [--days N] [--idempotency-key KEY] [--no-wait] [--timeout SECONDS]',
  ],
  more: `Environment:
  UTMQL_API_KEY  API key or token, role ingestor or admin. There is no option for it: others could read it.
  UTMQL_URL      The address, if --url is not given.

Exit codes:
${exitCodesText}`,
  options: {
    url: {
      type: 'string',
      value: 'URL',
      description: 'Where utmql is. Default: UTMQL_URL, or http://127.0.0.1:4000.',
    },
    source: {
      type: 'string',
      value: 'NAME',
      multiple: true,
      description: 'Only this source. Can be given several times.',
    },
    workspace: {
      type: 'string',
      value: 'NAME',
      multiple: true,
      description: 'Only this workspace. Can be given several times. Default: all that the key may use.',
    },
    from: {
      type: 'string',
      value: 'DAY',
      description:
        'First day, YYYY-MM-DD. Default: where the last good run ended, and what may have changed since.',
    },
    to: { type: 'string', value: 'DAY', description: 'Last day, YYYY-MM-DD.' },
    days: {
      type: 'string',
      value: 'N',
      description: 'The last N days before today, in the reporting time zone.',
    },
    'idempotency-key': {
      type: 'string',
      value: 'KEY',
      description: 'Repeated calls with the same key start only what has not succeeded.',
    },
    wait: {
      type: 'boolean',
      description: 'Wait for the runs to end (the default). --no-wait only starts them.',
    },
    timeout: { type: 'string', value: 'SECONDS', description: 'How long to wait in all. Default: 3600.' },
  },
  run: async ({ values }) => (await import('../trigger/command.ts')).runTrigger(values, process.env),
});
