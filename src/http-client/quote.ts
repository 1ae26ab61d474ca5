import { redactEmailAddresses } from '../records/email-addresses.ts';
import { hidden } from './redactor.ts';

/** So much of what a platform says is quoted. */
const maxLength = 500;
/** So much is looked at for secrets: far more than is quoted. */
const maxSearched = 20_000;

/**
 * Returns what a platform said as it may be shown: on one line, without secrets or e-mail addresses, up to 500 characters. Empty if
 * nothing is left.
 *
 * @param hide replaces the secrets that are known
 */
export function quotable(said: string, hide: (text: string) => string): string {
  const plain = said
    .slice(0, maxSearched)
    .replace(/[\p{Cf}\p{Cs}\uFFFD]/gu, '')
    .replace(/[\p{C}\s]+/gu, ' ')
    .trim();
  // A value that is cut in two would not be found.
  const whole = said.length > maxSearched ? plain.replace(/\S*$/, '') : plain;
  const shown = [...redactEmailAddresses(withoutTokens(hide(whole)))];
  return shown.length > maxLength
    ? `${shown
        .slice(0, maxLength - 1)
        .join('')
        .trimEnd()}…`
    : shown.join('');
}

/** The same as the end of a sentence: `: “Invalid query.”`; empty if there is nothing to quote. */
export function quotedEnd(said: string, hide: (text: string) => string): string {
  const text = quotable(said, hide);
  return text === '' ? '' : `: “${text}”`;
}

const sensitive =
  '(?<![\\w-])[\\w-]{0,40}(?:token|secret|passw(?:or)?d|pwd|api[_-]?key|signature|credential|cookie|session)[\\w-]{0,40}';
const assigned = new RegExp(`(${sensitive})(["']?\\s*[=:]\\s*["']?)([^\\s"'&,;<>(){}]+)`, 'gi');

/** How tokens of platforms begin: of Google, Meta, HubSpot and others, and JSON Web Tokens. */
const tokens =
  /(?<![\w-])(?:ya29\.|1\/\/0|EAA|eyJ|pat-|sk[-_]|xox[a-z]-|gh[a-z]_|00D\w{12,15}!)[\w.~+/=-]{4,}/g;

/** Replaces what looks like a credential, though nobody knows whose. */
function withoutTokens(text: string): string {
  return text
    .replace(
      /\b(Bearer|Basic)(\s+)([\w.~+/=-]{4,})/gi,
      (found, scheme: string, space: string, word: string) =>
        isPlainWord(word) ? found : `${scheme}${space}${hidden}`,
    )
    .replace(assigned, (found, name: string, sign: string, value: string) =>
      /^\s*:\s*$/.test(sign) && !/\d/.test(value) ? found : `${name}${sign}${hidden}`,
    )
    .replace(tokens, hidden)
    .replace(/[\w~+=.-]{20,}/g, (found) => (isIdentifier(found) ? found : hidden));
}

/** As in `Bearer authentication is required`. */
const isPlainWord = (word: string): boolean => /^[a-z]{1,16}[.:]?$/.test(word);

/** Names of fields, and dates: `metrics.video_quartile_p25_rate`. */
const isIdentifier = (text: string): boolean =>
  text.split(/[._+=~-]/).every((part) => /^(?:[A-Za-z]{0,24}\d{0,3}|\d{1,12})$/.test(part));
