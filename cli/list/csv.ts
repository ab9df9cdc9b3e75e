/** Comma-separated values (RFC 4180): every character of a cell comes back as it was. */

/** Quotes, commas and line ends, and whatever a reader may trim, convert or stumble over. */
// oxlint-disable-next-line no-control-regex
const TO_QUOTE = /["\u0000-\u001f\u007f-\u009f,\u2028\u2029\ufeff]|^\s|\s$/u;

/**
 * Rows with a header, each line ended by CR LF. Numbers are whole, lists and mappings are JSON, null
 * is nothing between two commas, and the empty text is `""`.
 */
export function csv<Row extends object>(columns: readonly string[], rows: readonly Row[]): string {
  const lines = [
    columns.map(field),
    ...rows.map((row) =>
      columns.map((column) => field((row as Readonly<Record<string, unknown>>)[column])),
    ),
  ];
  // A line with nothing in it is one that readers skip.
  return lines.map((line) => `${line.join(',') || '""'}\r\n`).join('');
}

function field(value: unknown): string {
  if (value === null || value === undefined) return '';
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  return text === '' || TO_QUOTE.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
