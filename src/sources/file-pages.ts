import { createReadStream, type ReadStream } from 'node:fs';
import { resolve } from 'node:path';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { glob } from 'tinyglobby';
import { UtmqlError } from '../errors.ts';
import { cancelled } from '../time.ts';
import type { FeedPage, PagesCall } from './pagination/page.ts';

const chunkBytes = 128 * 1_024;

/** Content types by file extension, after removing `.gz`. */
const contentTypes: Readonly<Record<string, string>> = {
  csv: 'text/csv',
  tsv: 'text/tab-separated-values',
  json: 'application/json',
  ndjson: 'application/x-ndjson',
  jsonl: 'application/x-ndjson',
};

export interface FilePagesOptions {
  readonly source: string;
  /** Paths relative to `folder`, with wildcards. */
  readonly files: readonly string[];
  readonly folder: string;
}

/**
 * Streams each matching file as one page, in the order of their names. Files that end in `.gz` are decompressed.
 *
 * @throws UtmqlError SOURCE_UNAVAILABLE if no file matches or one cannot be read, SOURCE_MALFORMED for invalid gzip
 */
export async function* filePages(
  { source, files, folder }: FilePagesOptions,
  { signal }: PagesCall,
): AsyncGenerator<FeedPage> {
  const found = await glob([...files], { cwd: folder, expandDirectories: false });
  if (found.length === 0) {
    throw new UtmqlError(
      'SOURCE_UNAVAILABLE',
      `No file matches ${files.join(', ')} of source ${source}. Paths begin in the folder of the sources file.`,
      {
        retryable: true,
      },
    );
  }
  for (const file of found.sort()) {
    const extension = /\.([a-z]+)(?:\.gz)?$/i.exec(file)?.[1]?.toLowerCase() ?? '';
    const bytes = createReadStream(resolve(folder, file), { highWaterMark: chunkBytes, signal });
    yield { label: file, contentType: contentTypes[extension], body: bytesOf(source, file, bytes, signal) };
  }
}

async function* bytesOf(
  source: string,
  file: string,
  bytes: ReadStream,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  try {
    if (!/\.gz$/i.test(file)) {
      yield* bytes as AsyncIterable<Uint8Array>;
      return;
    }
    const decompressed = createGunzip({ chunkSize: chunkBytes });
    // The callback is empty: the iteration below throws the same error.
    pipeline(bytes, decompressed, () => undefined);
    yield* decompressed as AsyncIterable<Uint8Array>;
  } catch (error) {
    if (signal.aborted) throw cancelled(source, signal);
    throw fileReadError(source, file, error);
  } finally {
    bytes.destroy();
  }
}

function fileReadError(source: string, file: string, cause: unknown): UtmqlError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const where = `The file ${file} of source ${source}`;
  if (code === 'Z_BUF_ERROR') {
    const retryable = true;
    return new UtmqlError(
      'SOURCE_UNAVAILABLE',
      `${where} ends in the middle of its gzip data, as one that is still being written.`,
      {
        retryable,
        cause,
      },
    );
  }
  if (code.startsWith('Z_'))
    return new UtmqlError('SOURCE_MALFORMED', `${where} is no gzip. Name it without .gz, or compress it.`, {
      cause,
    });
  const isForbidden = code === 'EACCES' || code === 'EPERM';
  const advice = isForbidden ? ' Make it readable for the user of utmql.' : '';
  return new UtmqlError('SOURCE_UNAVAILABLE', `${where} cannot be read (${code}).${advice}`, {
    retryable: !isForbidden,
    cause,
  });
}
