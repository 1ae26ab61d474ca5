import { randomUUID } from 'node:crypto';
import type { Readable } from 'node:stream';
import type { ClickHouseClient } from '@clickhouse/client';
import { UtmqlError } from '../errors.ts';
import { bounded } from '../time.ts';
import { brokenOff, callAborted, toAnswerError } from './errors.ts';
import { ownAnswer } from './own-answer.ts';
import { formOf, hasLongValue, plainParameters, refuseTooMany } from './request-parameters.ts';
import type { CallOptions, PreparedCall, Store } from './store.ts';
import { type AskedCall, graceMs, limitOf } from './store-reads.ts';

/**
 * What ClickHouse appends to an answer that it cannot end, in versions that then end it as if it were whole: before 25.11 the bare
 * sentence, later one in a frame.
 */
const endingException = /DB::Exception: [\s\S]*\(version [^()]*(\([^()]*\))?\)\s*$|\r\n__exception__\r\n$/;

/** Bytes of an answer's end in which that stands: ClickHouse cuts it at 16 KiB. They are kept back until it is known that it does not. */
const tailBytes = 20_480;

/**
 * The half of a store that passes answers on.
 *
 * @param options.prepare makes what each request is sent with out of a call's options
 */
export function createStoreStream(options: {
  client: ClickHouseClient;
  prepare: (call: CallOptions) => PreparedCall;
}): Store['stream'] {
  const { client, prepare } = options;
  return async (statement, call, receive) => {
    const { format, longestMs } = call;
    const compiled = statement.compile();
    refuseTooMany(compiled);
    const prepared = prepare(call);
    const limitMs = limitOf(prepared.clickhouse_settings) ?? longestMs;
    const open = (signal: AbortSignal) => {
      const asked: AskedCall = {
        ...prepared,
        clickhouse_settings: {
          ...prepared.clickhouse_settings,
          // An error before the first megabyte is made is an answer of its own.
          wait_end_of_query: 0,
          // As a line of JSON it could be taken for a row.
          http_write_exception_in_output_format: 0,
          max_result_rows: '0',
          // It goes on while nobody receives: the time until the first byte is measured here.
          max_execution_time: (limitMs + longestMs) / 1_000,
        },
        query_id: `${call.queryIdPrefix ?? ''}${randomUUID()}`,
        abort_signal: signal,
      };
      if (!hasLongValue(compiled)) {
        const query_params = plainParameters(compiled.parameters);
        return client.exec({ ...asked, query: `${compiled.sql} FORMAT ${format}`, query_params });
      }
      const { type, body } = formOf(compiled, format);
      const http_headers = { ...asked.http_headers, 'Content-Type': type };
      return client.exec({ ...asked, query: '', values: body, http_headers });
    };
    const signals = [call.signal];
    const { stream, summary } = await bounded(
      { timeout: { ms: limitMs + graceMs, error: tooLong }, signals, left: callAborted },
      (signal) =>
        ownAnswer(open(signal), (foreign) => foreign.stream.destroy()).catch((error: unknown) => {
          throw toAnswerError(error);
        }),
    );
    try {
      await bounded(
        { timeout: { ms: longestMs, error: receivedTooSlowly }, signals, left: callAborted },
        (signal) => {
          signal.addEventListener('abort', () => stream.destroy(), { once: true });
          return receive(wholeAnswer(stream));
        },
      );
    } finally {
      stream.destroy();
    }
    return { bytesRead: Number(summary?.read_bytes ?? 0) };
  };
}

/** The bytes of an answer; throws where it does not end as it should. */
async function* wholeAnswer(stream: Readable): AsyncGenerator<Buffer, void> {
  let tail: Buffer = Buffer.alloc(0);
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      const known = Buffer.concat([tail, chunk]);
      const sure = Math.max(0, known.length - tailBytes);
      tail = known.subarray(sure);
      if (sure > 0) yield known.subarray(0, sure);
    }
  } catch (error) {
    throw brokenOff(error);
  }
  const end = tail.toString('latin1');
  if (endingException.test(end)) throw brokenOff(new Error(end));
  yield tail;
}

const tooLong = (): UtmqlError =>
  new UtmqlError(
    'TIMEOUT',
    'The query took longer than it may before its first row. Ask for a shorter date range, fewer dimensions or a stricter filter.',
  );

const receivedTooSlowly = (): UtmqlError =>
  new UtmqlError('TIMEOUT', 'The file took longer to be received than it may. Ask for less at a time.');
