import { en, type Messages } from './en.ts';

export type MessageName = keyof Messages;

/** A sentence of the page in the reader’s language; `{name}` in it stands for a value. */
export type Say = (name: MessageName, values?: Readonly<Record<string, string | number>>) => string;

/** The best language of those that the reader prefers, in their order. */
export const chooseLanguage = (preferred: readonly string[]): 'en' | 'es' => {
  const known = preferred
    .map((tag) => tag.slice(0, 2).toLowerCase())
    .find((tag) => tag === 'en' || tag === 'es');
  return known === 'es' ? 'es' : 'en';
};

/** English travels with the page; another language is loaded where it is read. */
export const loadMessages = async (language: 'en' | 'es'): Promise<Messages> =>
  language === 'es' ? (await import('./es.ts')).es : en;

export const createSay =
  (messages: Messages): Say =>
  (name, values = {}) =>
    messages[name].replace(/\{(\w+)\}/g, (_whole, key: string) => String(values[key] ?? ''));
