import {
  BACKSLASH,
  BYTE_ORDER_MARK,
  CLOSE_ARRAY,
  CLOSE_OBJECT,
  COLON,
  isPrefixOf,
  OPEN_ARRAY,
  OPEN_OBJECT,
  QUOTE,
  skipSpace,
} from '../../formats/feed/feed-stage.ts';
import { parseJson } from '../../formats/json/parse.ts';
import { ValueScanner } from '../../formats/json/value-scanner.ts';

/**
 * Returns the value at `path` in a JSON page, such as `['paging', 'next']`; a number is an array index. Undefined if there is
 * none or the page is not JSON. Parses only that value, so a page of 32 MiB needs no memory beyond its bytes.
 */
export function pageField(page: Buffer, path: readonly string[]): unknown {
  const found = locate(page, path);
  return found === undefined ? undefined : parseJson(page.toString('utf8', found.start, found.end));
}

/** True if a JSON page is an array or has one at `path`. */
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
  return skipSpace(page, isPrefixOf(BYTE_ORDER_MARK, page) ? BYTE_ORDER_MARK.length : 0);
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

/** Locates the value of `key` in the object at `within`. */
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

/** Locates the value at `index` in the array at `within`. */
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

/** Returns the offset after the closing quote of the string that begins at `from`. */
function endOfText(page: Buffer, from: number, end: number): number | undefined {
  for (let i = from + 1; i < end; i++) {
    if (page[i] === QUOTE) return i + 1;
    if (page[i] === BACKSLASH) i++;
  }
  return undefined;
}
