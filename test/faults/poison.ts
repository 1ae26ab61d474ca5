import { Readable } from 'node:stream';
import { request } from 'undici';
import { untilDrained } from './drained.ts';
import { inTemporaryFolder } from './folders.ts';
import { type FeedLine, type GoodRecord, inChunks, poisonFeed } from './poison-feed.ts';
import { peakBytes } from './processes.ts';
import type { Program } from './program.ts';
import { createFindings, type Findings } from './report.ts';
import { defineScenario } from './scenario.ts';
import type { SqlReader } from './sql-reader.ts';
import { withProgram } from './subject.ts';

/** Below what goes through the write-ahead buffer at once. */
const recordsPerSmallPush = 400;
const megabyte = 1_048_576;
/** Least that is kept of a rejected record that is too long to be kept whole. */
const keptOfHugeLine = 60_000;

interface Expected {
  readonly good: Map<string, GoodRecord>;
  /** Reasons by the record's campaign. */
  readonly bad: Map<string, string>;
}

/** Records that are wrong, and records that only look it, among many that are fine. */
export const poison = defineScenario({
  name: 'poison',
  law: 'exactly the good records are stored, to the last decimal, and each bad one is a rejected record with its reason',
  sizes: {
    test: { records: 10_000, hugeLines: 1, smallRecords: 2_000 },
    full: { records: 100_000, hugeLines: 5, smallRecords: 10_000 },
  },
  run: (size, { clickhouse, command, progress }) =>
    inTemporaryFolder(async (dataDir) => {
      const findings = createFindings();
      const expected: Expected = { good: new Map(), bad: new Map() };
      await withProgram({ clickhouse, command, dataDir }, async ({ program, sql }) => {
        await program.start();
        const large = [...poisonFeed(size.records, size.hugeLines, 'L-')];
        await push(program, large, expected, findings, 'large push');
        progress('the large push is in');
        const small = [...poisonFeed(size.smallRecords, 0, 'S-')];
        for (let from = 0; from < small.length; from += recordsPerSmallPush)
          await push(
            program,
            small.slice(from, from + recordsPerSmallPush),
            expected,
            findings,
            'small push',
          );
        await untilDrained(program, 60_000);
        findings.number('peak memory (MB)', peakBytes(program.pid) / megabyte);
        await checkStored(sql, expected, findings);
        await checkRejected(sql, expected, findings);
        await checkAnswers(program, expected, findings);

        // A caller that heard nothing sends again.
        await push(program, large, { good: new Map(), bad: new Map() }, findings, 'the same again');
        const rows = await sql.count('SELECT count() FROM ad_performance FINAL');
        findings.exactly('records after the same push again', rows, expected.good.size);
      });
      return findings.report();
    }),
});

async function push(
  program: Program,
  lines: readonly FeedLine[],
  expected: Expected,
  findings: Findings,
  name: string,
): Promise<void> {
  const { statusCode, body } = await request(`${program.url}/ingest/ad-performance`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-ndjson' },
    body: Readable.from(inChunks(lines)),
  });
  const text = await body.text();
  const accepted = lines.filter(({ good }) => good !== undefined).length;
  findings.law(`${name} is answered 200`, statusCode === 200, `${statusCode}: ${text.slice(0, 300)}`);
  if (statusCode !== 200) return;
  const answer = JSON.parse(text) as { accepted: number; rejected: number };
  findings.law(
    `${name} counts what was accepted and rejected`,
    answer.accepted === accepted && answer.rejected === lines.length - accepted,
    `${answer.accepted} and ${answer.rejected} of ${accepted} and ${lines.length - accepted}`,
  );
  for (const { campaign, good, reason } of lines) {
    if (good === undefined) expected.bad.set(campaign, reason);
    else expected.good.set(campaign, good);
  }
}

async function checkStored(sql: SqlReader, { good }: Expected, findings: Findings): Promise<void> {
  const missing = new Set(good.keys());
  let strangers = 0;
  let altered = 0;
  let firstAltered = '';
  await sql.lines(
    'SELECT campaign_id, clicks, toInt64(cost * 1000000), utm_content, extra FROM ad_performance FINAL',
    (line) => {
      const [campaign = '', clicks, micros, content, extra = ''] = line.split('\t');
      const record = good.get(campaign);
      if (record === undefined || !missing.delete(campaign)) {
        strangers += 1;
        return;
      }
      const isSame =
        Number(clicks) === record.clicks &&
        Number(micros) === record.costMicros &&
        content === record.utmContent &&
        extra === record.extra;
      if (isSame) return;
      altered += 1;
      firstAltered ||= line;
    },
  );
  findings.number('good records', good.size);
  findings.exactly('good records not stored', missing.size, 0);
  findings.exactly('stored that should not be', strangers, 0);
  findings.number('altered records', altered);
  findings.law('altered records', altered === 0, `${altered}, such as ${firstAltered}`);
}

async function checkRejected(sql: SqlReader, { bad }: Expected, findings: Findings): Promise<void> {
  const missing = new Map(bad);
  let strangers = 0;
  let wrong = 0;
  const rows = await sql.rows(
    `SELECT reason, if(reason = 'unsafe_identifier', '', extract(record, '"campaign_id":"([^"]+)"')), length(record) FROM rejected_records FINAL`,
  );
  const unnamed = [...bad]
    .filter(([, reason]) => reason === 'unsafe_identifier')
    .map(([campaign]) => campaign);
  for (const [reason = '', named = '', bytes] of rows) {
    // The campaign of such a record is the number that could not be read.
    const campaign = reason === 'unsafe_identifier' ? (unnamed.pop() ?? '') : named;
    if (missing.get(campaign) === undefined) strangers += 1;
    else if (missing.get(campaign) !== reason) wrong += 1;
    else if (reason === 'record_too_large' && Number(bytes) < keptOfHugeLine) wrong += 1;
    missing.delete(campaign);
  }
  findings.number('bad records', bad.size);
  findings.exactly('bad records not kept', missing.size, 0);
  findings.exactly('rejected that should not be', strangers, 0);
  findings.exactly('rejected with another reason', wrong, 0);
}

/** The same numbers as callers of the API see them. */
async function checkAnswers(program: Program, { good, bad }: Expected, findings: Findings): Promise<void> {
  const micros = [...good.values()].reduce((sum, { costMicros }) => sum + costMicros, 0);
  const answer = await program.graphql<{
    metrics: { totals: { cost: number; clicks: number } };
    rejectedRecords: { totalCount: number };
  }>(
    '{ metrics(dateRange: { last: { count: 30, unit: DAY } }) { totals { cost clicks } } rejectedRecords(first: 1) { totalCount } }',
  );
  findings.exactly('cost (millionths) by GraphQL', Math.round(answer.metrics.totals.cost * 1e6), micros);
  findings.exactly('rejected records by GraphQL', answer.rejectedRecords.totalCount, bad.size);
}
