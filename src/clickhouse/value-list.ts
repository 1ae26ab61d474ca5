/** What cannot stand for itself in a parameter. */
const escapes: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  "'": "\\'",
  '\t': '\\t',
  '\n': '\\n',
  '\r': '\\r',
};

/** A text as the value of a parameter. */
export const escapeText = (text: string): string =>
  text.replace(/[\\'\t\n\r]/g, (character) => escapes[character] ?? '');

/** Beyond this a list or text is worth being written out once, and sent as it stands. */
const longFrom = 4_096;

/**
 * A list of texts to bind. It is written out once, however many statements name it and however often: a list can be as long
 * as a request, and a dashboard can have fifty tiles that are filtered by it.
 */
export class ValueList {
  private encoded: Buffer | undefined;
  private readonly characters: number;

  constructor(readonly values: readonly string[]) {
    this.characters = values.reduce((sum, value) => sum + value.length, 3 * values.length);
  }

  get isLong(): boolean {
    return this.characters > longFrom;
  }

  /** As it is sent: `['a','b']` in UTF-8. */
  get bytes(): Buffer {
    this.encoded ??= Buffer.from(`[${this.values.map((value) => `'${escapeText(value)}'`).join(',')}]`);
    return this.encoded;
  }
}

/** A text to bind that can be long: it is written out once, like a list. */
export class LongText {
  private encoded: Buffer | undefined;

  constructor(readonly value: string) {}

  get isLong(): boolean {
    return this.value.length > longFrom;
  }

  get bytes(): Buffer {
    this.encoded ??= Buffer.from(escapeText(this.value));
    return this.encoded;
  }
}
