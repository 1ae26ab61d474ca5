/**
 * Matches a whole escape sequence of JSON text, or an e-mail address between escapes. The parts of an address have a maximum
 * length, so that the search stays linear.
 */
const escapeOrAddress = /\\u[0-9a-f]{4}|\\.|[^\s"\\<>@,;:()[\]{}]{1,64}@[^\s"\\<>@,;:()[\]{}]{1,255}/giu;

/** Returns JSON text with each e-mail address replaced by a mark: any field of a CRM can hold addresses. */
export const redactEmailAddresses = (text: string): string =>
  text.includes('@')
    ? text.replace(escapeOrAddress, (found) => (found.startsWith('\\') ? found : '(e-mail)'))
    : text;
