import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { UtmqlError } from '../errors.ts';
import type { CompiledSql } from './sql.ts';
import { escapeText, LongText, ValueList } from './value-list.ts';

/** ClickHouse takes a thousand fields of a form; one is the statement. */
const mostParameters = 900;

/** Parameters as the client takes them. */
export const plainParameters = (parameters: CompiledSql['parameters']): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(parameters).map(([name, value]) => [
      name,
      value instanceof ValueList ? value.values : value instanceof LongText ? value.value : value,
    ]),
  );

/** @throws UtmqlError QUERY_TOO_EXPENSIVE for more parameters than ClickHouse takes */
export function refuseTooMany({ parameters }: CompiledSql): void {
  if (Object.keys(parameters).length <= mostParameters) return;
  throw new UtmqlError(
    'QUERY_TOO_EXPENSIVE',
    'The query has more conditions than one query may have. Put values of one dimension into one list (in, notIn).',
  );
}

export const hasLongValue = ({ parameters }: CompiledSql): boolean =>
  Object.values(parameters).some((value) => isWritten(value) && value.isLong);

const isWritten = (value: CompiledSql['parameters'][string]): value is ValueList | LongText =>
  value instanceof ValueList || value instanceof LongText;

/**
 * A statement with its parameters as the body of a form, in pieces. The client (1.23) would write every value out anew, a
 * character at a time, each time that it is sent.
 *
 * @param format of what is to come back
 */
export function formOf({ sql, parameters }: CompiledSql, format: string): { type: string; body: Readable } {
  // Nobody can guess it, so no value can hold it.
  const boundary = `utmql-${randomUUID()}`;
  const pieces = [field(boundary, 'query', `${sql} FORMAT ${format}`)];
  for (const [name, value] of Object.entries(parameters))
    pieces.push(field(boundary, `param_${name}`, bytesOf(value)));
  const end = Buffer.from(`--${boundary}--\r\n`);
  return {
    type: `multipart/form-data; boundary=${boundary}`,
    body: Readable.from([...pieces.flat(), end], { objectMode: false }),
  };
}

const field = (boundary: string, name: string, value: string | Buffer): Buffer[] => [
  Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n`),
  typeof value === 'string' ? Buffer.from(value) : value,
  Buffer.from('\r\n'),
];

function bytesOf(value: CompiledSql['parameters'][string]): string | Buffer {
  if (isWritten(value)) return value.bytes;
  if (typeof value === 'object') return new ValueList(value).bytes;
  return typeof value === 'number' ? String(value) : escapeText(value);
}
