/** What stands for a channel or UTM value that a feed did not give. */
export const unknown = 'unknown';

/** Longer texts are no names but accidents. */
export const maxTextLength = 1_024;

/** A name that is longer as it is sent is not even looked at: encoded, a name takes at most nine times its length. */
export const maxRawLength = 9 * maxTextLength;

// {{site_source_name}}, {campaignid}, __CAMPAIGN_NAME__: placeholders that an ad platform failed to fill in.
const placeholders = /\{\{[^{}]*\}\}|\{[^{}]*\}|__[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*__/g;
const onlySeparators = /^[\s_|:./-]*$/;

/**
 * Zero-width characters, marks of direction, soft hyphens, byte order marks, and control characters that are no white space.
 * The joiner that makes one emoji of several stays: without it there would be others to see.
 */
const invisible =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  /[\u0000-\u0008\u000e-\u001f\u007f-\u0084\u0086-\u009f\u00ad\u061c\u180e\u200b\u200c\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]|(?<!\p{Extended_Pictographic}[\ufe0f\u{1f3fb}-\u{1f3ff}]?)\u200d|\u200d(?!\p{Extended_Pictographic})/gu;
/** A character of UTF-8, encoded; what else stands between is left as it is. */
const encoded =
  /%[0-7][0-9a-f]|%[cd][0-9a-f]%[89ab][0-9a-f]|%e[0-9a-f](?:%[89ab][0-9a-f]){2}|%f[0-7](?:%[89ab][0-9a-f]){3}/gi;

/**
 * A channel or UTM value as it was meant: without invisible characters, and decoded where a form stored it as it stood in an
 * address (`back%20to%20school`), however often it was encoded. A `+` stays, since a name may have one.
 */
export function readableText(text: string): string {
  let readable = text.replace(invisible, '').normalize('NFC');
  while (readable.includes('%')) {
    // A percent sign that was encoded again and again is one at once: a round for each time would cost a long text dearly.
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

/** Channels and UTM values as they are stored and compared: readable, NFC, one space between words, lower case. */
export function normaliseLabel(text: string): string {
  return readableText(text).toLowerCase().normalize('NFC').replace(/\s+/g, ' ').trim();
}

/** Identifiers as they are stored: NFC, trimmed and without invisible characters; their case is theirs. */
export const normaliseIdentifier = (text: string): string =>
  text
    .replace(invisible, '')
    .normalize('NFC')
    .replace(/[\u00a0\u202f]/g, ' ')
    .trim();

/** Names of groups as they are stored: like identifiers, with one space between words. */
export const normaliseName = (text: string): string => normaliseIdentifier(text).replace(/\s+/g, ' ');

/** Whether a text is made of placeholders, and of nothing else that would tell one campaign from another. */
export function isTemplate(text: string): boolean {
  const rest = text.replace(placeholders, '');
  return rest.length < text.length && onlySeparators.test(rest);
}
