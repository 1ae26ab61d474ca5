/**
 * An escape of JSON text, whole, or what looks like an address between them. The parts of an address are bounded, so that no
 * text makes the search long.
 */
const escapeOrAddress = /\\u[0-9a-f]{4}|\\.|[^\s"\\<>@,;:()[\]{}]{1,64}@[^\s"\\<>@,;:()[\]{}]{1,255}/giu;

/** JSON text with a mark in place of each e-mail address: a CRM can have them in fields that nobody told us of. */
export const redactEmailAddresses = (text: string): string =>
  text.includes('@')
    ? text.replace(escapeOrAddress, (found) => (found.startsWith('\\') ? found : '(e-mail)'))
    : text;
