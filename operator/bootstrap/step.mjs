// Progress of what runs before anything is installed: one line for each step that took time.
import { performance } from 'node:perf_hooks';

const underWay = new Set();

function redraw() {
  if (!process.stderr.isTTY) return;
  const line = underWay.size > 0 ? `  … ${[...underWay].join(', ')}` : '';
  process.stderr.write(`\x1b[2K${line.slice(0, (process.stderr.columns || 80) - 1)}\r`); // one that wraps could not be cleared
}

/**
 * Does `work` and prints the line `done` when it is complete; `done` may be a function of which `undefined` means: not worth a line.
 * Meanwhile a terminal shows what is under way.
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
