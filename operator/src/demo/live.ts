/** The demo's live progress: one redrawn line in a terminal, a line every few seconds elsewhere. */
import type { DemoState } from './play';

const CLEAR_LINE = '\r\x1b[2K';

/** Cells of the bar. */
const BAR_WIDTH = 40;

/** Time between two redraws, in milliseconds: smooth to the eye. */
const REDRAW_MS = 50;

/** Time between two printed lines where nothing can be redrawn, in milliseconds. */
const PRINT_MS = 2_000;

const MS_PER_S = 1_000;

/** Shows progress on a stream. */
export interface Live {
  readonly show: (state: DemoState) => void;
  /** Leaves the last state on the screen. */
  readonly end: () => void;
}

/** Live progress on a stream, standard error by default: standard output stays for results. */
export function createLive(stream: Pick<NodeJS.WriteStream, 'isTTY' | 'write'> = process.stderr): Live {
  const began = performance.now();
  let shownAt = began;
  let last: DemoState = { total: 0, started: 0, done: 0, unexpected: 0 };
  let shown = '';
  const text = ({ total, started, done, unexpected }: DemoState) => {
    const filled = total === 0 ? 0 : Math.round((done / total) * BAR_WIDTH);
    const bar = `${'█'.repeat(filled)}${'░'.repeat(BAR_WIDTH - filled)}`;
    const seconds = ((performance.now() - began) / MS_PER_S).toFixed(1);
    const wrong = unexpected > 0 ? `, ${String(unexpected)} not as expected` : '';
    return `  ${bar}  ${String(done)} of ${String(total)} done, ${String(started - done)} under way${wrong}, ${seconds} s`;
  };
  const write = () => {
    shownAt = performance.now();
    shown = JSON.stringify(last);
    stream.write(stream.isTTY ? `${CLEAR_LINE}${text(last)}` : `${text(last)}\n`);
  };
  return {
    show: (state) => {
      last = { ...state };
      if (performance.now() - shownAt >= (stream.isTTY ? REDRAW_MS : PRINT_MS)) write();
    },
    end: () => {
      // Where nothing can be redrawn, the same line is not printed twice.
      if (stream.isTTY || shown !== JSON.stringify(last)) write();
      if (stream.isTTY) stream.write('\n');
    },
  };
}
