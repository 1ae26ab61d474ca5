import { isObject, type JsonObject, parseJson } from '../formats/json/parse.ts';

/** Members that hold a sentence, the most telling first. */
const sentenceKeys = [
  'message',
  'Message',
  'errorMessage',
  'error_message',
  'error_description',
  'error_user_title',
  'error_user_msg',
  'msg',
  'title',
  'detail',
  'description',
] as const;

/** Members that hold further errors. */
const nested = /^(?:errors?|details?|fault|failures|inputErrors|errorDetails|response|error_response)$/i;

const mostSentences = 6;
const deepest = 6;

/** Markup is searched only so far. */
const maxMarkup = 16_384;

/**
 * Returns what the body of an error response says in words, as the sender wrote it: not redacted, of any length, empty if it says
 * nothing.
 *
 * @param body decompressed; may be cut off
 */
export function errorSentence(body: Buffer, contentType: string | undefined): string {
  const text = decoded(body, contentType).trim();
  const json = parseJson(text);
  if (json !== undefined) return sentencesIn(json) || otherJson(json);
  if (/form-urlencoded/i.test(contentType ?? ''))
    return sentencesIn(Object.fromEntries(new URLSearchParams(text)));
  if (text.startsWith('<') || /\b(?:html|xml)\b/i.test(contentType ?? '')) return wordsOfMarkup(text);
  if (/^[[{]/.test(text)) return sentenceOfCutJson(text);
  return isMostlyText(text) ? text : '';
}

/** Returns the sentences of a parsed error, without repeats. Understands the errors of all supported platforms, and similar ones. */
export function sentencesIn(value: unknown): string {
  const found: string[] = [];
  collect(value, found, 0);
  return found.map((text) => (/[.!?:;)]$/.test(text) ? text : `${text}.`)).join(' ');
}

function collect(value: unknown, found: string[], depth: number): void {
  if (depth > deepest || found.length >= mostSentences) return;
  if (Array.isArray(value)) {
    for (const item of value.slice(0, mostSentences)) collect(item, found, depth + 1);
    return;
  }
  if (!isObject(value)) return;
  for (const key of sentenceKeys) note(value[key], found);
  for (const [key, inner] of Object.entries(value)) {
    if (nested.test(key) && typeof inner === 'object') collect(withoutNames(inner), found, depth + 1);
  }
  if (found.length === 0) note(value.error, found);
}

/** A list of errors may be of texts. */
const withoutNames = (inner: unknown): unknown =>
  Array.isArray(inner) ? inner.map((item) => (typeof item === 'string' ? { message: item } : item)) : inner;

function note(value: unknown, found: string[]): void {
  const text = typeof value === 'string' ? value.trim() : '';
  const isKnown = found.some((other) => other.includes(text));
  if (text !== '' && !isKnown && found.length < mostSentences) found.push(text);
}

const otherJson = (value: unknown): string => {
  if (typeof value === 'string') return value;
  const isEmpty = !isObject(value) || Object.keys(value as JsonObject).length === 0;
  return isEmpty ? '' : JSON.stringify(value);
};

/** Of JSON that was not read to its end: its first message. */
function sentenceOfCutJson(text: string): string {
  const literal = /"(?:error_?)?(?:message|description|user_msg|detail)"\s*:\s*("(?:[^"\\]|\\.)*")/i.exec(
    text,
  );
  const value = parseJson(literal?.[1] ?? '');
  return typeof value === 'string' ? value : '';
}

/** The title of a page, else its text; of XML its message. */
function wordsOfMarkup(whole: string): string {
  const markup = whole.slice(0, maxMarkup);
  const message = /<(?:\w+:)?(?:message|faultstring|title)\b[^>]*>([^<]+)</i.exec(markup)?.[1] ?? '';
  if (message.trim() !== '') return unescaped(message);
  const text = markup
    .replace(/<!--[\s\S]*?-->|<(script|style)\b[\s\S]*?<\/\1\s*>/gi, ' ')
    .replace(/<[^>]*>/g, ' ');
  return unescaped(text.replace(/<[\s\S]*$/, ' '));
}

const entities: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
};

const unescaped = (text: string): string =>
  text.replace(/&(?:#(\d{1,6})|(\w{2,5}));/g, (whole, code: string | undefined, name: string | undefined) =>
    code === undefined ? (entities[name ?? ''] ?? whole) : String.fromCodePoint(Number(code)),
  );

function decoded(body: Buffer, contentType: string | undefined): string {
  const charset = /charset\s*=\s*"?([\w-]+)/i.exec(contentType ?? '')?.[1] ?? 'utf-8';
  try {
    return new TextDecoder(charset).decode(body);
  } catch {
    return new TextDecoder().decode(body);
  }
}

/** Bytes that are no text become replacement characters. */
const isMostlyText = (text: string): boolean => {
  const start = text.slice(0, 1_000);
  return (start.match(/[\uFFFD\0]/g)?.length ?? 0) * 20 <= start.length;
};
