import { createHmac } from 'node:crypto';

/**
 * Returns a function that replaces texts which may be e-mail addresses. Equal texts get equal pseudonyms. Without the key they
 * cannot be reversed.
 */
export const createPseudonym =
  (key: string) =>
  (text: string): string =>
    text.includes('@')
      ? `hashed:${createHmac('sha256', key).update(text.toLowerCase()).digest('hex').slice(0, 32)}`
      : text;
