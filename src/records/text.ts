/** The stored value of a missing channel or UTM value. */
export const unknown = 'unknown';

/** Maximum length of a name; longer texts are mistakes. */
export const maxTextLength = 1_024;

/**
 * Maximum length of a name as received; percent-encoding makes a name at most nine times as long. Longer texts are rejected
 * unread.
 */
export const maxRawLength = 9 * maxTextLength;

// Placeholders that an ad platform did not replace: {{site_source_name}}, {campaignid}, __CAMPAIGN_NAME__.
const placeholders = /\{\{[^{}]*\}\}|\{[^{}]*\}|__[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*__/g;
const onlySeparators = /^[\s_|:./-]*$/;

/**
 * Zero-width characters, direction marks, soft hyphens, byte order marks, and control characters except white space. The joiner
 * inside an emoji is not matched: without it the emoji would look different.
 */
const invisible =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  /[\u0000-\u0008\u000e-\u001f\u007f-\u0084\u0086-\u009f\u00ad\u061c\u180e\u200b\u200c\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]|(?<!\p{Extended_Pictographic}[\ufe0f\u{1f3fb}-\u{1f3ff}]?)\u200d|\u200d(?!\p{Extended_Pictographic})/gu;
/** A percent-encoded UTF-8 character. */
const encoded =
  /%[0-7][0-9a-f]|%[cd][0-9a-f]%[89ab][0-9a-f]|%e[0-9a-f](?:%[89ab][0-9a-f]){2}|%f[0-7](?:%[89ab][0-9a-f]){3}/gi;

/**
 * Returns a channel or UTM value without invisible characters and with percent-encoding decoded (`back%20to%20school`), even if
 * it was encoded several times. A `+` stays, because names can contain one.
 */
export function readableText(text: string): string {
  let readable = text.replace(invisible, '').normalize('NFC');
  while (readable.includes('%')) {
    // Decodes a percent sign that was encoded many times in one round: one round for each level would be slow for long texts.
    const decoded = readable
      .replace(/%(?:25)+/g, '%')
      .replace(encoded, decode)
      .replace(invisible, '')
      .normalize('NFC');
    if (decoded === readable) break;
    readable = decoded;
  }
  return readable;
}

function decode(sequence: string): string {
  try {
    return decodeURIComponent(sequence);
  } catch {
    return sequence;
  }
}

/** Returns a channel or UTM value as it is stored and compared: readable, NFC, single spaces, lower case. */
export function normaliseLabel(text: string): string {
  return readableText(text).toLowerCase().normalize('NFC').replace(/\s+/g, ' ').trim();
}

/** Returns an identifier as it is stored: NFC, trimmed, without invisible characters, with its case kept. */
export const normaliseIdentifier = (text: string): string =>
  text
    .replace(invisible, '')
    .normalize('NFC')
    .replace(/[\u00a0\u202f]/g, ' ')
    .trim();

/** Returns the name of a group as it is stored: like an identifier, with single spaces. */
export const normaliseName = (text: string): string => normaliseIdentifier(text).replace(/\s+/g, ' ');

/** Whether a text consists of placeholders only, so that it does not identify a campaign. */
export function isTemplate(text: string): boolean {
  const rest = text.replace(placeholders, '');
  return rest.length < text.length && onlySeparators.test(rest);
}
