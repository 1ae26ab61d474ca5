import {
  BACKSLASH,
  BYTE_ORDER_MARK,
  CLOSE_ARRAY,
  CLOSE_OBJECT,
  COLON,
  isBeginningOf,
  OPEN_ARRAY,
  OPEN_OBJECT,
  QUOTE,
  skipSpace,
} from '../../formats/feed/feed-stage.ts';
import { parseJson } from '../../formats/json/parse.ts';
import { ValueScanner } from '../../formats/json/value-scanner.ts';

/**
 * The value at `path` in a page of JSON, such as `['paging', 'next']`; a number in the path is a place in an array. Undefined
 * where there is none, or the page is no JSON. Nothing else of the page is parsed, so that a page of 32 MiB costs no more
 * than its bytes.
 */
export function pageField(page: Buffer, path: readonly string[]): unknown {
  const found = locate(page, path);
  return found === undefined ? undefined : parseJson(page.toString('utf8', found.start, found.end));
}

/** Whether a page of JSON is an array, or has one at `path`. */
export function hasArray(page: Buffer, path: readonly string[]): boolean {
  const isArrayItself = page[startOf(page)] === OPEN_ARRAY;
  const found = isArrayItself ? undefined : locate(page, path);
  return isArrayItself || (found !== undefined && page[found.start] === OPEN_ARRAY);
}

interface ByteRange {
  readonly start: number;
  readonly end: number;
}

function startOf(page: Buffer): number {
  return skipSpace(page, isBeginningOf(BYTE_ORDER_MARK, page) ? BYTE_ORDER_MARK.length : 0);
}

function locate(page: Buffer, path: readonly string[]): ByteRange | undefined {
  let span: ByteRange | undefined = { start: startOf(page), end: page.length };
  for (const key of path) {
    if (span === undefined) return undefined;
    const opens: number | undefined = page[span.start];
    if (opens === OPEN_OBJECT) span = member(page, span, key);
    else if (opens === OPEN_ARRAY && /^\d+$/.test(key)) span = element(page, span, Number(key));
    else return undefined;
  }
  return span;
}

/** The value of `key` in the object that `within` holds. */
function member(page: Buffer, within: ByteRange, key: string): ByteRange | undefined {
  let at = within.start + 1;
  for (;;) {
    at = skipSpace(page, at, within.end);
    const keyEnd = page[at] === QUOTE ? endOfText(page, at, within.end) : undefined;
    if (keyEnd === undefined) return undefined;
    const name = parseJson(page.toString('utf8', at, keyEnd));
    const colon = skipSpace(page, keyEnd, within.end);
    if (page[colon] !== COLON) return undefined;
    const start = skipSpace(page, colon + 1, within.end);
    const end = new ValueScanner(CLOSE_OBJECT).findEnd(page, start);
    if (end < 0) return undefined;
    if (name === key) return { start, end };
    if (page[end] === CLOSE_OBJECT) return undefined;
    at = end + 1;
  }
}

/** The value at `index` in the array that `within` holds. */
function element(page: Buffer, within: ByteRange, index: number): ByteRange | undefined {
  let at = within.start + 1;
  for (let passed = 0; ; passed++) {
    const start = skipSpace(page, at, within.end);
    const end = new ValueScanner(CLOSE_ARRAY).findEnd(page, start);
    if (end < 0 || start === end) return undefined;
    if (passed === index) return { start, end };
    if (page[end] === CLOSE_ARRAY) return undefined;
    at = end + 1;
  }
}

/** Behind the closing quote of the text that begins at `from`. */
function endOfText(page: Buffer, from: number, end: number): number | undefined {
  for (let i = from + 1; i < end; i++) {
    if (page[i] === QUOTE) return i + 1;
    if (page[i] === BACKSLASH) i++;
  }
  return undefined;
}
