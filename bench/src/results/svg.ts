/**
 * Charts as SVG, readable on light and dark pages: the colours follow the reader's preference. There are three forms:
 * bars, stacked bars, and lines over a logarithmic axis.
 */

const WIDTH = 760;
const ROW = 34;
const TOP = 52;
const LABEL = 210;
const RIGHT = 90;
const BAR = 20;

const STYLE = `<style>
  text { font: 13px system-ui, sans-serif; fill: #1f2328 } .title { font-size: 15px; font-weight: 600 } .faint { fill: #59636e }
  .axis { stroke: #d1d9e0 } .c0 { fill: #0969da; stroke: #0969da } .c1 { fill: #8c959f; stroke: #8c959f } .c2 { fill: #1a7f37; stroke: #1a7f37 }
  .c3 { fill: #bf8700; stroke: #bf8700 } .c4 { fill: #8250df; stroke: #8250df } .c5 { fill: #cf222e; stroke: #cf222e } .line { fill: none; stroke-width: 2 }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc } .faint { fill: #9198a1 } .axis { stroke: #3d444d } .c0 { fill: #4493f8; stroke: #4493f8 } .c1 { fill: #7d8590; stroke: #7d8590 }
    .c2 { fill: #3fb950; stroke: #3fb950 } .c3 { fill: #d29922; stroke: #d29922 } .c4 { fill: #ab7df8; stroke: #ab7df8 } .c5 { fill: #f85149; stroke: #f85149 } .line { fill: none }
  }
</style>`;

const escape = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
const round = (value: number) => String(Math.round(value * 10) / 10);
const text = (x: number, y: number, content: string, attributes = '') =>
  `<text x="${round(x)}" y="${round(y)}" ${attributes}>${escape(content)}</text>`;

function document(height: number, title: string, parts: readonly string[]): string {
  const size = `width="${String(WIDTH)}" height="${String(height)}" viewBox="0 0 ${String(WIDTH)} ${String(height)}"`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" ${size} role="img" aria-label="${escape(title)}">`,
    STYLE,
    text(0, 20, title, 'class="title"'),
    ...parts,
    '</svg>\n',
  ].join('\n');
}

/** A bar with its parts from left to right; a part's index is its colour. */
export interface Bar {
  readonly label: string;
  readonly parts: readonly { readonly value: number; readonly colour: number }[];
  /** The text after the bar. */
  readonly text: string;
}

/** Horizontal bars. `legend`: names of the colours. */
export function bars(title: string, rows: readonly Bar[], legend: readonly string[] = []): string {
  const total = ({ parts }: Bar) => parts.reduce((sum, { value }) => sum + value, 0);
  const scale = (WIDTH - LABEL - RIGHT) / Math.max(...rows.map(total), Number.MIN_VALUE);
  const drawn = rows.map((row, index) => {
    const y = TOP + index * ROW;
    let x = LABEL;
    const rects = row.parts.map(({ value, colour }) => {
      const width = value * scale;
      const rect = `<rect class="c${String(colour)}" stroke="none" x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${String(BAR)}"/>`;
      x += width;
      return rect;
    });
    const label = text(LABEL - 8, y + 15, row.label, 'text-anchor="end"');
    return [label, ...rects, text(x + 6, y + 15, row.text, 'class="faint"')].join('');
  });
  return document(TOP + rows.length * ROW + 4, title, [...legendOf(legend), ...drawn]);
}

function legendOf(names: readonly string[]): string[] {
  return names.map((name, index) => {
    const x = index * 110;
    return `<rect class="c${String(index)}" x="${String(x)}" y="30" width="10" height="10"/>${text(x + 15, 40, name, 'class="faint"')}`;
  });
}

/** One line of a chart. */
export interface Line {
  readonly name: string;
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

/** Lines over a logarithmic y axis; `x` values are evenly spaced, because each is a measurement of its own. */
export function lines(
  title: string,
  series: readonly Line[],
  unit: { readonly x: string; readonly y: (value: number) => string },
): string {
  const height = 330;
  const [left, bottom, top] = [60, height - 44, TOP + 6];
  const xs = [...new Set(series.flatMap(({ points }) => points.map(({ x }) => x)))].sort((a, b) => a - b);
  const ys = series.flatMap(({ points }) => points.map(({ y }) => y)).filter((y) => y > 0);
  const low = Math.floor(Math.log10(Math.min(...ys)));
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...ys))));
  const atX = (x: number) => left + ((WIDTH - left - RIGHT) * xs.indexOf(x)) / Math.max(1, xs.length - 1);
  const atY = (y: number) => bottom - ((bottom - top) * (Math.log10(Math.max(y, 10 ** low)) - low)) / (high - low);
  const grid = Array.from({ length: high - low + 1 }, (_, step) => 10 ** (low + step)).map(
    (y) =>
      `<line class="axis" x1="${String(left)}" x2="${String(WIDTH - RIGHT)}" y1="${round(atY(y))}" y2="${round(atY(y))}"/>` +
      text(left - 8, atY(y) + 4, unit.y(y), 'class="faint" text-anchor="end"'),
  );
  const labels = xs.map((x) => text(atX(x), bottom + 20, String(x), 'class="faint" text-anchor="middle"'));
  const drawn = series.map(({ points }, index) => {
    const path = points.map(({ x, y }) => `${round(atX(x))},${round(atY(y))}`).join(' ');
    const dots = points.map(
      ({ x, y }) => `<circle class="c${String(index)}" cx="${round(atX(x))}" cy="${round(atY(y))}" r="3"/>`,
    );
    return `<polyline class="c${String(index)} line" points="${path}"/>${dots.join('')}`;
  });
  const axis = text((left + WIDTH - RIGHT) / 2, height - 6, unit.x, 'class="faint" text-anchor="middle"');
  return document(height, title, [...legendOf(series.map(({ name }) => name)), ...grid, ...labels, axis, ...drawn]);
}
