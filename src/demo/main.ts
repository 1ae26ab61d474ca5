import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import closeWithGrace from 'close-with-grace';
import { type App, startApp } from '../app.ts';
import type { Config } from '../config/config.ts';
import type { UtmqlError } from '../errors.ts';
import { everything, type TriggerInput } from '../ingest/pull/trigger-input.ts';
import { endedWell, type IngestRun } from '../ingest/runs/run.ts';
import { createLogger } from '../logger.ts';
import { createDayOfInstant, type Day } from '../records/day.ts';
import { reportStartFailure } from '../report-start-failure.ts';
import { systemClock } from '../time.ts';
import { olderDays, sampleDays } from './campaigns.ts';
import { channelReport, curlCommand } from './channel-report.ts';
import { isSet, isTaken, readDemoConfig } from './demo-config.ts';
import { firstSampleDay } from './sample-data.ts';
import { startSampleSources } from './sample-sources.ts';

/** Longest a shutdown may take before the process ends regardless. */
const shutdownMs = 15_000;

/** A closed terminal sends SIGHUP. */
const endingSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

const say = (text: string): boolean => process.stdout.write(text);
const secondsSince = (start: number): string => `${((performance.now() - start) / 1_000).toFixed(1)} s`;

const closers: (() => Promise<unknown>)[] = [];
/** Aborts what is still starting. */
const ending = new AbortController();
let lost: UtmqlError | undefined;

async function closeAll(): Promise<void> {
  ending.abort();
  for (const close of closers.splice(0).reverse()) await close();
}

/** Where the data goes: the folder that the user named, else one that goes with the demo. */
async function dataFolder(config: Config): Promise<string> {
  if (isSet(process.env, 'DATA_DIR')) return config.DATA_DIR;
  const folder = await mkdtemp(join(tmpdir(), 'utmql-demo-'));
  closers.push(() => rm(folder, { recursive: true, force: true, maxRetries: 3 }));
  return folder;
}

async function portOf(config: Config): Promise<number> {
  if (isSet(process.env, 'PORT') || !(await isTaken(config.HOST, config.PORT))) return config.PORT;
  say(`port ${config.PORT} is taken; using a free one\n`);
  return 0;
}

async function start(config: Config, today: Day): Promise<App> {
  const sources = await startSampleSources({ today, olderDays: keptOlderDays(config) });
  closers.push(() => sources.close());
  // Ctrl-C came meanwhile: what would start now, nobody would stop.
  if (ending.signal.aborted) throw new Error('The demo was ended while it started.');
  const logger = createLogger({ level: config.LOG_LEVEL });
  const starting = startApp({
    config: { ...config, ADS_API_URL: sources.adsUrl, CRM_API_URL: sources.crmUrl },
    environment: {},
    logger,
    clock: systemClock,
    onLost: (error) => {
      logger.fatal({ err: error }, error.message);
      lost = error;
      process.kill(process.pid, 'SIGTERM');
    },
    signal: ending.signal,
  });
  // Known from now on, so that Ctrl-C while it starts leaves nothing behind either.
  closers.push(async () => (await starting.catch(() => undefined))?.stop());
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

async function demo(): Promise<void> {
  const begun = performance.now();
  const settings = readDemoConfig(process.env);
  const config = { ...settings, PORT: await portOf(settings), DATA_DIR: await dataFolder(settings) };

  const today = createDayOfInstant(config.REPORTING_TIMEZONE)(systemClock.now());

  const engine =
    config.CLICKHOUSE_URL === undefined ? 'starting ClickHouse' : 'connecting to your ClickHouse';
  const app = await progress(
    engine,
    () => start(config, today),
    () => 'ready',
  );
  await progress(
    `ingesting ${sampleDays} days from two sample sources`,
    () => ingest(app, { since: firstSampleDay(today), until: undefined }),
    summary,
  );

  say(`\nThe last 30 days by channel, in USD:\n\n${await channelReport(app.url)}\n\n`);
  say(`Ask it yourself:\n\n${curlCommand(app.url)}\n\n`);
  say(`Metrics   ${app.url}/metrics\n`);
  say(`GraphiQL  ${app.url}/graphql\n\n`);
  const kept = isSet(process.env, 'DATA_DIR') || config.CLICKHOUSE_URL !== undefined;
  const after = kept
    ? `its data stays in the database ${config.CLICKHOUSE_DATABASE}`
    : 'its data goes with it';
  say(`Up after ${secondsSince(begun)}. Ctrl-C ends the demo; ${after}.\n`);
  await loadOlder(app, config, today).catch((error: unknown) => {
    if (ending.signal.aborted) return;
    const reason = error instanceof Error ? error.message : String(error);
    say(`The older data could not be loaded, so only the last ${sampleDays} days are there: ${reason}\n`);
  });
}

const grace = closeWithGrace(
  { delay: shutdownMs, logger: false, skip: [...endingSignals] },
  async ({ err }) => {
    if (err) createLogger({ level: 'fatal' }).fatal({ err }, 'an unexpected error ends the demo');
    await closeAll();
    // Makes the exit code say so.
    if (lost) throw lost;
  },
);
// Ctrl-C comes twice, from the terminal and from npm, which passes it on: the second one must not cut the end short.
for (const signal of endingSignals) {
  process.on(signal, () => {
    if (ending.signal.aborted) return;
    ending.abort();
    void grace.close();
  });
}

try {
  await demo();
} catch (error) {
  // What breaks because the demo is being ended needs no report.
  if (!ending.signal.aborted) {
    await closeAll();
    reportStartFailure(error);
    process.exit(1);
  }
}
