/** Tables in Markdown, as Prettier writes them. */

/** Narrowest column: a rule needs three dashes. */
const COLUMN_MIN = 3;

/** A table in which every column is as wide as its widest cell. Vertical bars in cells are escaped. */
export function markdownTable(header: readonly string[], body: readonly (readonly string[])[]): string {
  const escaped = body.map((cells) => cells.map((cell) => cell.replaceAll('|', '\\|')));
  const widths = header.map((title, column) =>
    Math.max(COLUMN_MIN, title.length, ...escaped.map((cells) => (cells[column] ?? '').length)),
  );
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  return [line(header), rule, ...escaped.map(line)].join('\n');
}
