/** Tables as text: aligned columns under their headings. */

/** The lines of a table. Those of the rows are separate and in order, so that other lines can be put between them. */
export interface TextTable {
  readonly head: readonly string[];
  readonly lines: readonly string[];
}

/** Aligns rows under headings; the columns named in `right` to the right. */
export function textTable(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  right: readonly string[] = [],
): TextTable {
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...rows.map((cells) => cells[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]) =>
    `  ${cells
      .map((cell, column) =>
        right.includes(headings[column] ?? '') ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
      )
      .join('   ')}`.trimEnd();
  return { head: [line(headings), line(widths.map((width) => '─'.repeat(width)))], lines: rows.map(line) };
}
