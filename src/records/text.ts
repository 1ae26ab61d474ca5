/** What stands for a channel or UTM value that a feed did not give. */
export const unknown = 'unknown';

/** Longer texts are no names but accidents. */
export const maxTextLength = 1_024;

// {{site_source_name}}, {campaignid}, __CAMPAIGN_NAME__: placeholders that an ad platform failed to fill in.
const placeholders = /\{\{[^{}]*\}\}|\{[^{}]*\}|__[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*__/g;
const onlySeparators = /^[\s_|:./-]*$/;

/** Channels and UTM values as they are stored and compared: NFC, one space between words, lower case. */
export function normaliseLabel(text: string): string {
  return text.normalize('NFC').toLowerCase().normalize('NFC').replace(/\s+/g, ' ').trim();
}

/** Identifiers as they are stored: NFC and trimmed; their case is theirs. */
export const normaliseIdentifier = (text: string): string => text.normalize('NFC').trim();

/** Whether a text is made of placeholders, and of nothing else that would tell one campaign from another. */
export function isTemplate(text: string): boolean {
  const rest = text.replace(placeholders, '');
  return rest.length < text.length && onlySeparators.test(rest);
}
