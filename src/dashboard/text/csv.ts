/**
 * Rows as CSV (RFC 4180) that spreadsheets read as data. Text that they would take for a formula gets an apostrophe before it,
 * as OWASP advises: names of campaigns come from outside. Figures stay figures.
 */
export function toCsv(rows: readonly (readonly (string | number | null)[])[]): string {
  return rows.map((row) => `${row.map(cell).join(',')}\r\n`).join('');
}

function cell(value: string | number | null): string {
  if (value === null) return '';
  if (typeof value === 'number') return String(value);
  const text = /^[=+\-@\t\r\n＝＋－＠]/.test(value) ? `'${value}` : value;
  return `"${text.replaceAll('"', '""')}"`;
}
