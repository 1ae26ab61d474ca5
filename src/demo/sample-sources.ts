import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Day, parseIsoDay } from '../records/day.ts';
import type { DatedRecord } from './feed-record.ts';
import { createOlderData, createSampleData, firstSampleDay, type SampleData } from './sample-data.ts';

const recordsPerChunk = 250;

export interface SampleSources {
  readonly adsUrl: string;
  readonly crmUrl: string;
  /** Ends both, and the answers at work. */
  close(): Promise<void>;
}

/**
 * Two HTTP servers on loopback, an ads platform's and a CRM's, that answer with the sample data. They heed `since` and
 * `until` (`YYYY-MM-DD`, both included) as parameters of the address.
 *
 * @param options.olderDays days before the sample data, which are made when somebody asks for them
 */
export async function startSampleSources(options: {
  today: Day;
  olderDays?: number;
}): Promise<SampleSources> {
  const { today, olderDays = 0 } = options;
  const data = createSampleData(today);
  let older: SampleData | undefined;
  const between =
    (feed: keyof SampleData): Between =>
    (since, until) => {
      const isAsked = ({ day }: DatedRecord): boolean => day >= since && day <= until;
      if (olderDays === 0 || since >= firstSampleDay(today)) return data[feed].filter(isAsked);
      older ??= createOlderData(today, olderDays);
      return [...older[feed], ...data[feed]].filter(isAsked);
    };
  const [ads, crm] = await Promise.all([
    serve('/ads/performance', between('ads'), ['{"external":{"ads":{"performance":[', ']}}}']),
    serve('/crm/opportunities', between('opportunities'), ['{"external":{"crm":{"opportunities":[', ']}}}']),
  ]);
  return {
    adsUrl: ads.url,
    crmUrl: crm.url,
    async close() {
      await Promise.all([ads.close(), crm.close()]);
    },
  };
}

/** The records of a range of days, both included. */
type Between = (since: Day, until: Day) => readonly DatedRecord[];

type Envelope = readonly [before: string, after: string];

async function serve(path: string, between: Between, envelope: Envelope) {
  const server = createServer((request, response) => {
    // A reader that leaves early breaks the answer, which is its own affair.
    answer(request, response, path, between, envelope).catch(() => response.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}${path}`,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
  between: Between,
  envelope: Envelope,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://sample');
  if (url.pathname !== path) return refuse(response, 404, `There is nothing here but ${path}.`);
  const since = dayParameter(url, 'since', Number.NEGATIVE_INFINITY);
  const until = dayParameter(url, 'until', Number.POSITIVE_INFINITY);
  if (since === undefined || until === undefined) {
    return refuse(response, 400, 'since and until are days such as 2025-08-01.');
  }
  response.writeHead(200, { 'content-type': 'application/json' });
  await pipeline(Readable.from(chunks(between(since, until), envelope)), response);
}

/** The day that a parameter names, `otherwise` without one, undefined where it names none. */
function dayParameter(url: URL, name: string, otherwise: number): Day | undefined {
  const text = url.searchParams.get(name);
  return text === null ? otherwise : parseIsoDay(text);
}

function refuse(response: ServerResponse, status: number, error: string): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ error }));
}

function* chunks(records: readonly DatedRecord[], [before, after]: Envelope): Generator<string> {
  yield before;
  for (let start = 0; start < records.length; start += recordsPerChunk) {
    const part = records.slice(start, start + recordsPerChunk).map(({ record }) => JSON.stringify(record));
    yield `${start === 0 ? '' : ','}${part.join(',')}`;
  }
  yield after;
}
