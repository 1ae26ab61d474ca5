import { formatDay, parseIsoDay } from '../records/day.ts';
import { serverAddress, serverKey } from '../running-server.ts';
import { UsageError } from '../usage-error.ts';

/** The options of `utmql trigger`, as they were written. */
export interface TriggerValues {
  readonly url?: string | undefined;
  readonly source?: readonly string[] | undefined;
  readonly workspace?: readonly string[] | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly days?: string | undefined;
  readonly 'idempotency-key'?: string | undefined;
  readonly wait?: boolean | undefined;
  readonly timeout?: string | undefined;
}

/** What to trigger, and how. */
export interface TriggerCall {
  /** Where GraphQL is. */
  readonly endpoint: URL;
  readonly key: string | undefined;
  /** All if undefined, like `workspaces`. */
  readonly sources: readonly string[] | undefined;
  readonly workspaces: readonly string[] | undefined;
  /** As the input of `triggerIngest` has it. */
  readonly range: { readonly since?: string; readonly until?: string; readonly lastDays?: number };
  readonly idempotencyKey: string | undefined;
  readonly waits: boolean;
  readonly timeoutMs: number;
}

const usualTimeoutS = 3_600;
const longestTimeoutS = 604_800;
const mostDays = 3_650;
const mostKeyCharacters = 256;

/** @throws UsageError */
export function readCall(
  values: TriggerValues,
  environment: Readonly<Record<string, string | undefined>>,
): TriggerCall {
  return {
    endpoint: serverAddress(values.url, environment, '/graphql'),
    key: serverKey(environment),
    sources: values.source,
    workspaces: values.workspace,
    range: readRange(values),
    idempotencyKey: readIdempotencyKey(values['idempotency-key']),
    waits: values.wait ?? true,
    timeoutMs: 1_000 * readNumber('timeout', values.timeout ?? String(usualTimeoutS), longestTimeoutS),
  };
}

function readRange({ from, to, days }: TriggerValues): TriggerCall['range'] {
  if (days !== undefined) {
    if (from !== undefined || to !== undefined)
      throw new UsageError('Give either --days, or --from and --to.');
    return { lastDays: readNumber('days', days, mostDays) };
  }
  const since = from === undefined ? undefined : readDay('from', from);
  const until = to === undefined ? undefined : readDay('to', to);
  if (since !== undefined && until !== undefined && since > until)
    throw new UsageError('--from is after --to; swap them.');
  return {
    ...(since !== undefined && { since: formatDay(since) }),
    ...(until !== undefined && { until: formatDay(until) }),
  };
}

function readDay(name: string, text: string): number {
  const day = parseIsoDay(text);
  if (day === undefined)
    throw new UsageError(`--${name} is ${JSON.stringify(text)}, and no day such as 2025-08-01.`);
  return day;
}

function readNumber(name: string, text: string, most: number): number {
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(number >= 1 && number <= most))
    throw new UsageError(`--${name} is ${JSON.stringify(text)}, and no number from 1 to ${most}.`);
  return number;
}

function readIdempotencyKey(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  if (text.trim() === '') throw new UsageError('--idempotency-key is empty. Was a variable not set?');
  if (text.length > mostKeyCharacters)
    throw new UsageError(`--idempotency-key has more than ${mostKeyCharacters} characters.`);
  return text;
}
