// Progress of the steps that run before anything is installed: one line for each step that took time.
import { performance } from 'node:perf_hooks';

const underWay = new Set();

function redraw() {
  if (!process.stderr.isTTY) return;
  const line = underWay.size > 0 ? `  … ${[...underWay].join(', ')}` : '';
  // A line that wraps could not be cleared.
  process.stderr.write(`\x1b[2K${line.slice(0, (process.stderr.columns || 80) - 1)}\r`);
}

/**
 * Does `work` and then prints the line `done`. `done` may be a function of the result; it returns undefined for a step
 * not worth a line. Meanwhile a terminal shows what is in progress.
 */
export async function step(done, doing, work) {
  const started = performance.now();
  underWay.add(doing);
  if (process.stderr.isTTY) redraw();
  else if (typeof done === 'string') process.stderr.write(`  … ${doing}\n`);
  let text;
  try {
    await work();
    text = typeof done === 'function' ? done() : done;
  } finally {
    underWay.delete(doing);
    if (text !== undefined) {
      const clear = process.stderr.isTTY ? '\x1b[2K' : '';
      process.stderr.write(`${clear}  ✔ ${text}  ${((performance.now() - started) / 1000).toFixed(1)} s\n`);
    }
    redraw();
  }
}
