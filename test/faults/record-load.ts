import { setTimeout as delay } from 'node:timers/promises';
import type { Program } from './program.ts';

/** Days on which records are: the five before today. */
const days = 5;
/** Most pushes go through the write-ahead buffer; a long one is streamed past it. */
const usualRecords = 20;
const manyRecords = 1_200;
const answerWithinMs = 15_000;
const pauseAfterFailureMs = 50;
/** Pushes of one kind at a time; each is answered only when it is stored. */
const lanes = 2;

/** What must be stored, worked out from the acknowledged pushes alone. Money in cents. */
export interface Expected {
  readonly adRows: number;
  readonly costCents: number;
  readonly clicks: number;
  readonly opportunities: number;
  readonly won: number;
  readonly revenueCents: number;
}

/** Small pushes of ads and CRM records to `POST /ingest/*`, and later corrections of some of them. */
export interface RecordLoad {
  readonly pushes: number;
  readonly corrections: number;
  /** Answers that were neither 2xx nor 429 nor 5xx, or that counted other records than were sent. */
  readonly wrongAnswers: number;
  readonly broken: number;
  expected(): Expected;
  /** Makes no more pushes, and sends what was not acknowledged until it is. */
  finish(withinMs: number): Promise<void>;
}

interface Batch {
  readonly number: number;
  /** How often it has been corrected; each correction changes every figure. */
  generation: number;
}

interface Push {
  readonly body: string;
  /** Idempotency-Key. */
  readonly key: string | undefined;
  readonly count: number;
}

interface Lane {
  readonly kind: 'ads' | 'crm';
  readonly path: string;
  readonly batches: Batch[];
}

/**
 * A batch is corrected only after its last state was acknowledged, so what must be stored in the end is exact: the last
 * state of every batch.
 */
export function startRecordLoad(options: {
  program: Program;
  pauseMs: number;
  random: () => number;
  /** Ends the load at once. */
  ended: AbortSignal;
}): RecordLoad {
  const { program, pauseMs, random, ended } = options;
  const today = Math.floor(Date.now() / 86_400_000);
  const kinds: Lane[] = [
    { kind: 'ads', path: '/ingest/ad-performance', batches: [] },
    { kind: 'crm', path: '/ingest/opportunities', batches: [] },
  ];
  let stopping = false;
  let deadline = Number.POSITIVE_INFINITY;
  let pushes = 0;
  let corrections = 0;
  let wrongAnswers = 0;
  let broken = 0;
  let nextBatch = 0;

  const tryOnce = async (path: string, { body, key, count }: Push): Promise<boolean> => {
    try {
      const response = await fetch(`${program.url}${path}`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...(key === undefined ? {} : { 'idempotency-key': key }),
        },
        body,
        signal: AbortSignal.timeout(answerWithinMs),
      });
      const answer = await response.text();
      if (response.ok) {
        if (!answer.includes(`"accepted":${count},`)) wrongAnswers += 1;
        return true;
      }
      if (response.status !== 429 && response.status < 500) wrongAnswers += 1;
      return false;
    } catch {
      broken += 1;
      return false;
    }
  };
  const send = async (path: string, push: Push): Promise<void> => {
    while (performance.now() < deadline && !ended.aborted) {
      if (program.url !== '' && (await tryOnce(path, push))) {
        pushes += 1;
        return;
      }
      await delay(pauseAfterFailureMs);
    }
    throw new Error('pushes were still not acknowledged at the deadline');
  };
  const work = async ({ kind, path, batches }: Lane): Promise<void> => {
    // Only this loop touches these batches.
    const own: Batch[] = [];
    while (!stopping && !ended.aborted) {
      const old = random() < 0.3 ? own[Math.floor(random() * own.length)] : undefined;
      const batch = old ?? { number: nextBatch++, generation: -1 };
      batch.generation += 1;
      await send(path, pushOf(kind, batch, today));
      if (old === undefined) {
        own.push(batch);
        batches.push(batch);
      } else {
        corrections += 1;
      }
      await delay(pauseMs);
    }
  };
  const working = kinds.flatMap((kind) => Array.from({ length: lanes }, () => work(kind)));
  // Seen by `finish`; until then a rejection must not end the process.
  for (const lane of working) lane.catch(() => undefined);

  return {
    get pushes() {
      return pushes;
    },
    get corrections() {
      return corrections;
    },
    get wrongAnswers() {
      return wrongAnswers;
    },
    get broken() {
      return broken;
    },
    expected: () => sumUp(kinds),
    async finish(withinMs) {
      stopping = true;
      deadline = performance.now() + withinMs;
      await Promise.all(working);
    },
  };
}

const centsOf = ({ number, generation }: Batch, index: number): number =>
  ((number * 31 + index * 7 + generation * 13) % 9_973) + 1;
const clicksOf = ({ number, generation }: Batch, index: number): number => (number + index + generation) % 50;
const isWon = ({ number, generation }: Batch, index: number): boolean =>
  (number + index + generation) % 3 === 0;

const sizeOf = ({ number }: Batch): number => (number % 25 === 7 ? manyRecords : usualRecords);

function pushOf(kind: Lane['kind'], batch: Batch, today: number): Push {
  const { number, generation } = batch;
  const records = recordsOf(kind, batch, today);
  return {
    body: JSON.stringify(records),
    key: number % 2 === 0 ? undefined : `${kind}-${number}-${generation}`,
    count: records.length,
  };
}

function recordsOf(kind: Lane['kind'], batch: Batch, today: number): unknown[] {
  return Array.from({ length: sizeOf(batch) }, (_, index) => {
    const cents = (centsOf(batch, index) / 100).toFixed(2);
    const id = `${batch.number}-${index}`;
    const utm = { utm_campaign: `c-${batch.number % 9}`, utm_source: 'google', utm_medium: 'cpc' };
    if (kind === 'ads') {
      const date = dayText(today - 1 - (batch.number % days));
      return {
        date,
        campaign_id: `C-${id}`,
        channel: 'google_ads',
        clicks: clicksOf(batch, index),
        impressions: 100,
        cost: cents,
        ...utm,
      };
    }
    // A correction moves the opportunity to another day: it must not count on both.
    const date = dayText(today - 1 - ((batch.number + batch.generation) % days));
    return {
      opportunity_id: `O-${id}`,
      created_at: `${date}T10:00:00Z`,
      stage: isWon(batch, index) ? 'closed_won' : 'proposal',
      amount: cents,
      ...utm,
    };
  });
}

function sumUp(kinds: readonly Lane[]): Expected {
  const sum = { adRows: 0, costCents: 0, clicks: 0, opportunities: 0, won: 0, revenueCents: 0 };
  for (const { kind, batches } of kinds) {
    for (const batch of batches) {
      for (let index = 0; index < sizeOf(batch); index++) {
        if (kind === 'ads') {
          sum.adRows += 1;
          sum.costCents += centsOf(batch, index);
          sum.clicks += clicksOf(batch, index);
        } else {
          sum.opportunities += 1;
          if (!isWon(batch, index)) continue;
          sum.won += 1;
          sum.revenueCents += centsOf(batch, index);
        }
      }
    }
  }
  return sum;
}

const dayText = (day: number): string => new Date(day * 86_400_000).toISOString().slice(0, 10);
