import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { onTestFinished } from 'vitest';
import { UtmqlError } from '../../src/errors.ts';
import { type AdPerformance, createAdPerformanceNormaliser } from '../../src/records/ad-performance.ts';
import { parseIsoDay } from '../../src/records/day.ts';
import { createOpportunityNormaliser, type Opportunity } from '../../src/records/opportunity.ts';
import { type Outcome, type Reject, Repairs } from '../../src/records/outcome.ts';
import { defaultStages } from '../../src/records/stage.ts';
import type { PagesCall } from '../../src/sources/pagination/page.ts';
import { createRefreshTokens } from '../../src/sources/refresh-tokens.ts';
import type { Source } from '../../src/sources/source.ts';
import { type Feeds, type OpenSourcesOptions, openSources } from '../../src/sources/sources.ts';
import { type Behaviour, type SourceServer, startSourceServer } from '../support/source-server.ts';

/** A server that is closed after the test. */
export async function serve(behaviour: Behaviour | Record<string, Behaviour>): Promise<SourceServer> {
  const server = await startSourceServer(behaviour);
  onTestFinished(() => server.close());
  return server;
}

/** A folder that is removed after the test. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'utmql-sources-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

export const fixture = (name: string): Promise<string> =>
  readFile(new URL(`fixtures/${name}`, import.meta.url), 'utf8');

export interface OpenedYaml {
  readonly environment?: Readonly<Record<string, string>>;
  readonly folder?: string;
  readonly adsUrl?: string;
  readonly crmUrl?: string;
  readonly now?: number;
  readonly attempts?: number;
  readonly restatesDays?: number;
  readonly timeoutMs?: number;
  readonly network?: OpenSourcesOptions['network'];
  readonly metrics?: OpenSourcesOptions['metrics'];
}

/** The sources of a file with this content. */
export const openYaml = async (yaml: string, options: OpenedYaml = {}): Promise<readonly Source[]> =>
  (await openFeeds(yaml, options)).sources;

/** All that a file with this content configures. */
export async function openFeeds(yaml: string, options: OpenedYaml = {}): Promise<Feeds> {
  const folder = options.folder ?? (await temporaryFolder());
  const file = join(folder, 'sources.yaml');
  await writeFile(file, yaml);
  const rules = {
    timezone: 'UTC',
    currency: 'USD',
    stages: defaultStages,
    contactHashKey: 'k'.repeat(32),
  };
  return openSources({
    file,
    adsUrl: options.adsUrl,
    crmUrl: options.crmUrl,
    environment: options.environment ?? {},
    defaults: {
      rules,
      timeoutMs: options.timeoutMs ?? 5_000,
      attempts: options.attempts ?? 2,
      patienceMs: 150_000,
      restatesDays: options.restatesDays,
      allowsPrivateAddresses: false,
    },
    network: options.network,
    ...(options.metrics && { metrics: options.metrics }),
    clock: { now: () => options.now ?? Date.UTC(2025, 7, 10, 12) },
    refreshTokens: createRefreshTokens(join(folder, 'refresh-tokens')),
  });
}

/** The only source of a file. */
export async function openOne(yaml: string, options: OpenedYaml = {}): Promise<Source> {
  const [source, ...others] = await openYaml(yaml, options);
  if (source === undefined || others.length > 0) throw new Error('The file does not have one source.');
  return source;
}

/** The days of a call, as `YYYY-MM-DD`. */
export interface Asked extends Partial<Omit<PagesCall, 'since' | 'until'>> {
  readonly from?: string;
  readonly to?: string;
}

export const call = ({ from, to, ...rest }: Asked = {}): PagesCall => ({
  since: from === undefined ? undefined : parseIsoDay(from),
  until: to === undefined ? undefined : parseIsoDay(to),
  signal: new AbortController().signal,
  logger: pino({ level: 'silent' }),
  ...rest,
});

/** What reading a source to its end gives. */
export interface ReadSource {
  readonly labels: readonly string[];
  readonly records: readonly unknown[];
  readonly malformed: number;
  readonly error: UtmqlError | undefined;
}

export async function read(source: Source, asked: Asked = {}): Promise<ReadSource> {
  const labels: string[] = [];
  const records: unknown[] = [];
  let malformed = 0;
  const readPage = source.reader();
  try {
    for await (const page of source.pages(call(asked))) {
      labels.push(page.label);
      for await (const batch of readPage(page)) {
        records.push(...batch.records);
        malformed += batch.malformed.length;
      }
    }
  } catch (error) {
    if (!(error instanceof UtmqlError)) throw error;
    return { labels, records, malformed, error };
  }
  return { labels, records, malformed, error: undefined };
}

/** The records of a source that must not fail. */
export async function recordsOf(source: Source, asked: Asked = {}): Promise<readonly unknown[]> {
  const { records, error } = await read(source, asked);
  if (error !== undefined) throw error;
  return records;
}

export interface Normalised<T> {
  readonly records: readonly T[];
  readonly rejects: readonly Reject[];
  readonly repairs: Record<string, number>;
}

export function normalised<T>(
  raw: readonly unknown[],
  normalise: (raw: unknown, repairs: Repairs) => Outcome<T>,
): Normalised<T> {
  const repairs = new Repairs();
  const records: T[] = [];
  const rejects: Reject[] = [];
  for (const element of raw) {
    const outcome = normalise(element, repairs);
    if ('record' in outcome) records.push(outcome.record);
    else rejects.push(outcome.reject);
  }
  return { records, rejects, repairs: repairs.toRecord() };
}

export const adsOf = (source: Source, raw: readonly unknown[]): Normalised<AdPerformance> =>
  normalised(raw, createAdPerformanceNormaliser(source.rules));

export const opportunitiesOf = (source: Source, raw: readonly unknown[]): Normalised<Opportunity> =>
  normalised(raw, createOpportunityNormaliser(source.rules));

/** Money in millionths, exact. */
export const micros = (amounts: readonly number[]): bigint =>
  amounts.reduce((sum, amount) => sum + BigInt(Math.round(amount * 1e6)), 0n);

/** Takes the body of a request, and answers as `behaviour` says. */
export const withBody =
  (bodies: string[], behaviour: Behaviour): Behaviour =>
  async (request, response) => {
    bodies.push(await bodyOf(request));
    await behaviour(request, response);
  };

export async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
