import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type App, startApp } from '../app.ts';
import type { Config } from '../config/config.ts';
import { everything, type TriggerInput } from '../ingest/pull/trigger-input.ts';
import { endedWell, type IngestRun } from '../ingest/runs/run.ts';
import { createLogger } from '../logger.ts';
import { createDayOfInstant, type Day } from '../records/day.ts';
import { reportStartFailure } from '../report-start-failure.ts';
import { systemClock } from '../time.ts';
import { olderDays, sampleDays } from './campaigns.ts';
import { channelReport, curlCommand } from './channel-report.ts';
import { isSet, isTaken, readDemoConfig } from './demo-config.ts';
import { withDemoKey } from './demo-key.ts';
import { beginLifetime, type Lifetime } from './lifetime.ts';
import { firstSampleDay } from './sample-data.ts';
import { startSampleSources } from './sample-sources.ts';

const say = (text: string): boolean => process.stdout.write(text);
const secondsSince = (start: number): string => `${((performance.now() - start) / 1_000).toFixed(1)} s`;

/** Where the data goes: the folder that the user named, else one that goes with the demo. */
async function dataFolder(config: Config, lifetime: Lifetime): Promise<string> {
  if (isSet(process.env, 'DATA_DIR')) return config.DATA_DIR;
  const folder = await mkdtemp(join(tmpdir(), 'utmql-demo-'));
  lifetime.onEnd(() => rm(folder, { recursive: true, force: true, maxRetries: 3 }));
  return folder;
}

async function portOf(config: Config): Promise<number> {
  if (isSet(process.env, 'PORT') || !(await isTaken(config.HOST, config.PORT))) return config.PORT;
  say(`port ${config.PORT} is taken; using a free one\n`);
  return 0;
}

async function start(config: Config, today: Day, lifetime: Lifetime): Promise<App> {
  const sources = await startSampleSources({ today, olderDays: keptOlderDays(config) });
  lifetime.onEnd(() => sources.close());
  // Ctrl-C came meanwhile: what would start now, nobody would stop.
  if (lifetime.signal.aborted) throw new Error('The demo was ended while it started.');
  const logger = createLogger({ level: config.LOG_LEVEL });
  const starting = startApp({
    config: { ...config, ADS_API_URL: sources.adsUrl, CRM_API_URL: sources.crmUrl },
    environment: {},
    logger,
    clock: systemClock,
    onLost: (error) => {
      logger.fatal({ err: error }, error.message);
      lifetime.endFor(error);
    },
    signal: lifetime.signal,
  });
  // Known from now on, so that Ctrl-C while it starts leaves nothing behind either.
  lifetime.onEnd(async () => (await starting.catch(() => undefined))?.stop());
  return starting;
}

/** Days that are older than the retention would be rejected. Two more: dates are of different time zones. */
const keptOlderDays = ({ DATA_RETENTION_DAYS }: Config): number =>
  Math.max(0, Math.min(olderDays, DATA_RETENTION_DAYS - sampleDays - 2));

async function ingest(app: App, range: Pick<TriggerInput, 'since' | 'until'>): Promise<readonly IngestRun[]> {
  const runs = await app.ingest.trigger(
    { ...everything, ...range, wait: true },
    { workspace: 'default', requestId: 'demo', name: 'demo' },
  );
  const bad = runs.find((run) => !endedWell(run));
  if (bad) throw new Error(`Ingesting the source ${bad.source} ended as ${bad.status}: ${bad.errorMessage}`);
  return runs;
}

function summary(runs: readonly IngestRun[]): string {
  const number = new Intl.NumberFormat('en-US');
  const written = (source: string): string =>
    number.format(runs.find((run) => run.source === source)?.recordsWritten ?? 0);
  const sum = (pick: (run: IngestRun) => Readonly<Record<string, number>>): string =>
    number.format(runs.flatMap((run) => Object.values(pick(run))).reduce((total, part) => total + part, 0));
  const repaired = sum((run) => run.repairs);
  const rejected = sum((run) => run.recordsRejected);
  return `${written('ads')} ads rows, ${written('crm')} opportunities, ${repaired} repaired, ${rejected} rejected`;
}

/** Says what is being done, does it, and says on the same line what came of it and how long it took. */
async function progress<T>(doing: string, work: () => Promise<T>, done: (result: T) => string): Promise<T> {
  const begun = performance.now();
  say(`${doing} … `);
  try {
    const result = await work();
    say(`${done(result)} in ${secondsSince(begun)}`);
    return result;
  } finally {
    say('\n');
  }
}

/** Loads what came before the sample data, for comparisons with earlier years, while the demo is used already. */
async function loadOlder(app: App, config: Config, today: Day): Promise<void> {
  const days = keptOlderDays(config);
  if (days === 0) return;
  const begun = performance.now();
  const first = firstSampleDay(today);
  // With the first two days of the others, since some of their records belong to the day before in another time zone.
  const runs = await ingest(app, { since: first - days - 1, until: first + 1 });
  const months = Math.floor((days + sampleDays) / 30);
  say(`The older data is complete, ${months} months in all: ${summary(runs)} in ${secondsSince(begun)}.\n`);
}

async function demo(lifetime: Lifetime): Promise<void> {
  const begun = performance.now();
  const settings = readDemoConfig(process.env);
  const { config, key } = await withDemoKey(
    { ...settings, PORT: await portOf(settings), DATA_DIR: await dataFolder(settings, lifetime) },
    lifetime,
  );

  const today = createDayOfInstant(config.REPORTING_TIMEZONE)(systemClock.now());

  const engine =
    config.CLICKHOUSE_URL === undefined ? 'starting ClickHouse' : 'connecting to your ClickHouse';
  const app = await progress(
    engine,
    () => start(config, today, lifetime),
    () => 'ready',
  );
  await progress(
    `ingesting ${sampleDays} days from two sample sources`,
    () => ingest(app, { since: firstSampleDay(today), until: undefined }),
    summary,
  );

  say(`\nThe last 30 days by channel, in USD:\n\n${await channelReport(app.url, key)}\n\n`);
  say(`Ask it yourself:\n\n${curlCommand(app.url, key)}\n\n`);
  if (key !== undefined)
    say(
      `Callers must log in. Enter this key on the dashboard, or send the header above; it ends with the demo:\n\n${key}\n\n`,
    );
  say(`Metrics    ${app.url}/metrics\n`);
  say(`GraphiQL   ${app.url}/graphql\n`);
  say(`Dashboard  ${app.url}/\n\n`);
  const kept = isSet(process.env, 'DATA_DIR') || config.CLICKHOUSE_URL !== undefined;
  const after = kept
    ? `its data stays in the database ${config.CLICKHOUSE_DATABASE}`
    : 'its data goes with it';
  say(`Up after ${secondsSince(begun)}. Ctrl-C ends the demo; ${after}.\n`);
  await loadOlder(app, config, today).catch((error: unknown) => {
    if (lifetime.signal.aborted) return;
    const reason = error instanceof Error ? error.message : String(error);
    say(`The older data could not be loaded, so only the last ${sampleDays} days are there: ${reason}\n`);
  });
}

/**
 * `utmql demo`: starts utmql with two sample sources and shows what it can answer. Resolves to 0 once it is up; ends the process
 * where it cannot start.
 */
export async function runDemo(): Promise<number> {
  const lifetime = beginLifetime();
  try {
    await demo(lifetime);
    return 0;
  } catch (error) {
    // What breaks because the demo is being ended needs no report.
    if (lifetime.signal.aborted) return 0;
    await lifetime.end();
    reportStartFailure(error);
    return process.exit(1);
  }
}
