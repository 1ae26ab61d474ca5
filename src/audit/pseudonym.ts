import { createHmac } from 'node:crypto';

/** Stands for a text that may be somebody's e-mail address: the same for the same text, and without the key no way back. */
export const createPseudonym =
  (key: string) =>
  (text: string): string =>
    text.includes('@')
      ? `hashed:${createHmac('sha256', key).update(text.toLowerCase()).digest('hex').slice(0, 32)}`
      : text;
