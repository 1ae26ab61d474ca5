/** Replaces values in texts, in whatever form they come back. */
export interface Redactor {
  /**
   * Replaces `value` by `shownAs` from now on, unless it is replaced already.
   *
   * @param asWord only where it stands alone, if it is a plain word: it may be an ordinary one
   */
  add(value: string, shownAs: string, asWord?: boolean): void;
  redact(text: string): string;
}

/** Shorter values are replaced only where they stand alone: they are parts of ordinary words. */
const minLength = 4;
/** Shorter base64 is part of ordinary words. */
const minBase64 = 7;

export function createRedactor(): Redactor {
  const shownAs = new Map<string, string>();
  const words = new Set<string>();
  let pattern: RegExp | undefined;

  return {
    add(value, placeholder, asWord = false) {
      // A lone surrogate, which no form can be made of, becomes a replacement character.
      for (const form of formsOf(Buffer.from(value).toString())) {
        const key = form.toLowerCase();
        if (form === '' || shownAs.has(key)) continue;
        shownAs.set(key, placeholder);
        if (/^\w+$/.test(form) && (form.length < minLength || (asWord && /^[a-z_]+$/.test(form))))
          words.add(key);
      }
      pattern = undefined;
    },
    redact(text) {
      if (shownAs.size === 0) return text;
      pattern ??= patternOf([...shownAs.keys()], words);
      return text.replace(pattern, (found) => shownAs.get(found.toLowerCase()) ?? hidden);
    },
  };
}

/** Stands for a value that has no name. */
export const hidden = '***';

// Longest first: one value can be part of another.
const patternOf = (forms: string[], words: ReadonlySet<string>): RegExp =>
  new RegExp(
    forms
      .sort((a, b) => b.length - a.length)
      .map((form) => (words.has(form) ? `(?<!\\w)${form}(?!\\w)` : escaped(form)))
      .join('|'),
    'gi',
  );

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&');

const inJson = (text: string): string => JSON.stringify(text).slice(1, -1);

/** The value as it is, and as URLs, JSON, HTML and base64 write it. */
function formsOf(value: string): string[] {
  if (value.length < minLength) return [value];
  const json = inJson(value);
  return [
    value,
    encodeURIComponent(value),
    encodeURIComponent(encodeURIComponent(value)),
    encodeURI(value),
    new URLSearchParams({ v: value }).toString().slice(2),
    json,
    json.replaceAll('/', '\\/'),
    inJson(json),
    value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;'),
    ...base64FormsOf(value),
  ];
}

/** What is the same in the base64 of every text with the value, wherever it stands in that: after a user’s name and a colon, for example. */
function base64FormsOf(value: string): string[] {
  const whole = Buffer.from(value).toString('base64').replace(/=+$/, '');
  const inside = [0, 1, 2].map((before) => {
    const bytes = Buffer.concat([Buffer.alloc(before), Buffer.from(value)]);
    const own = Math.floor((bytes.length * 8) / 6);
    return bytes.toString('base64').slice(Math.ceil((before * 8) / 6), own);
  });
  return [whole, ...inside]
    .filter(({ length }) => length >= minBase64)
    .flatMap((form) => [form, form.replaceAll('+', '-').replaceAll('/', '_')]);
}
