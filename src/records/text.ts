/** What stands for a channel or UTM value that a feed did not give. */
export const unknown = 'unknown';

/** Longer texts are no names but accidents. */
export const maxTextLength = 1_024;

// {{site_source_name}}, {campaignid}, __CAMPAIGN_NAME__: placeholders that an ad platform failed to fill in.
const template = /^(\{\{.*\}\}|\{[^{}]*\}|__[A-Z][A-Z0-9_]*__)$/;

/** Channels and UTM values as they are stored and compared: NFC, one space between words, lower case. */
export function normaliseLabel(text: string): string {
  return text.normalize('NFC').toLowerCase().normalize('NFC').replace(/\s+/g, ' ').trim();
}

/** Identifiers as they are stored: NFC and trimmed; their case is theirs. */
export const normaliseIdentifier = (text: string): string => text.normalize('NFC').trim();

export const isTemplate = (text: string): boolean => template.test(text);
