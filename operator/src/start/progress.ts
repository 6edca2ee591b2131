/** Progress of a start: one line for each step. A terminal also shows the steps in progress. */
export interface Progress {
  /**
   * Does `work` and prints a line when it is done, with the seconds it took. `done` may be a function of the result.
   */
  step<Result>(
    doing: string,
    done: string | ((result: Result) => string),
    work: () => Promise<Result>,
  ): Promise<Result>;
  /** Prints a line of its own. */
  note(text: string): void;
}

const CLEAR_LINE = '\x1b[2K';
/** Width of a terminal that does not report it. */
const USUAL_COLUMNS = 80;

/** Progress on a stream, standard error by default: standard output stays for results. */
export function createProgress(stream: NodeJS.WriteStream = process.stderr): Progress {
  const underWay = new Set<string>();
  const print = (line: string): void => {
    stream.write(`${stream.isTTY ? CLEAR_LINE : ''}${line}\n`);
    redraw();
  };
  const redraw = (): void => {
    if (!stream.isTTY) return;
    const line = underWay.size > 0 ? `  … ${[...underWay].join(', ')}` : '';
    // A line that wraps could not be cleared.
    stream.write(`${CLEAR_LINE}${line.slice(0, (stream.columns > 0 ? stream.columns : USUAL_COLUMNS) - 1)}\r`);
  };
  return {
    note: (text) => {
      print(`  ${text}`);
    },
    step: async (doing, done, work) => {
      const started = performance.now();
      underWay.add(doing);
      redraw();
      try {
        const result = await work();
        underWay.delete(doing);
        const text = typeof done === 'string' ? done : done(result);
        print(`  ✔ ${text}  ${((performance.now() - started) / 1000).toFixed(1)} s`);
        return result;
      } catch (error) {
        underWay.delete(doing);
        print(`  ✖ ${doing}`);
        throw error;
      }
    },
  };
}
