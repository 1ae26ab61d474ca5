import { badInput, UtmqlError } from '../errors.ts';
import { systemErrorCode } from './disk.ts';

export const tooManyAtOnce = (records: number, most: number): UtmqlError =>
  badInput(`${records} records were sent at once; send at most ${most}.`);

export const tooLong = (bytes: number, most: number): UtmqlError =>
  badInput(`The records have ${bytes} bytes; send at most ${most} at once.`);

export const bufferFull = (maxRecords: number, retryAfterSeconds: number): UtmqlError =>
  new UtmqlError(
    'BUFFER_FULL',
    `The buffer is full: ${maxRecords} records wait to be stored. No record of this request was accepted: send them again in ${retryAfterSeconds} s.`,
    { retryable: true, retryAfterSeconds },
  );

export const diskBudgetExceeded = (maxBytes: number): UtmqlError =>
  new UtmqlError(
    'BUFFER_UNAVAILABLE',
    `The disk space for records that wait to be stored (${maxBytes} bytes) is used up. No record of this request was accepted: send them again later.`,
    { retryable: true },
  );

/** Returns the error for a failed write. */
export const writeFailed = (cause: unknown): UtmqlError =>
  new UtmqlError(
    'BUFFER_UNAVAILABLE',
    'Records cannot be stored at the moment, because the disk is full or failing. No record of this request was accepted: send them again later.',
    { retryable: true, retryAfterSeconds: 1, cause },
  );

export const readFailed = (cause: unknown): UtmqlError =>
  new UtmqlError('BUFFER_UNAVAILABLE', 'The buffer cannot read its disk at the moment.', {
    retryable: true,
    cause,
  });

export const shuttingDown = (): UtmqlError =>
  new UtmqlError('BUFFER_UNAVAILABLE', 'The server is shutting down.', { retryable: true });

export const folderUnusable = (folder: string, cause: unknown): UtmqlError =>
  new UtmqlError(
    'CONFIGURATION',
    `The buffer folder ${folder} cannot be used (${systemErrorCode(cause) ?? 'unknown error'}): make it writable for this user or set DATA_DIR to another folder.`,
    { cause },
  );
