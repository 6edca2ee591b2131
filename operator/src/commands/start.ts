import { dataFolder } from '../root';
import { createProgress } from '../start/progress';
import { summarize } from '../start/summary';
import { startSystem } from '../start/system';
import { reportFailure } from '../command-line';

/**
 * npm and the terminal each pass on the same Ctrl-C: a signal counts as a second one only after this time, in
 * milliseconds.
 */
const SECOND_SIGNAL_AFTER_MS = 1000;
/** How often the start checks that the npm that started it still lives, in milliseconds. */
const PARENT_POLL_MS = 1000;

const progress = createProgress();
const system = startSystem(dataFolder, progress);
let stoppingSince: number | undefined;

function onSignal(): void {
  if (stoppingSince === undefined) {
    stoppingSince = Date.now();
    void stop();
  } else if (Date.now() - stoppingSince > SECOND_SIGNAL_AFTER_MS) {
    void system.kill().then(() => process.exit(1));
  }
}

async function stop(): Promise<void> {
  await progress.step('stopping services, then servers (Ctrl-C again: at once)', 'Stopped', () => system.stop());
  process.exit(0);
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);

// A shell between npm and this process may die of the signal that npm passes on, without passing it on itself.
if (process.env['npm_lifecycle_event']) {
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent && stoppingSince === undefined) onSignal();
  }, PARENT_POLL_MS).unref();
}

system.started
  .then(async (addresses) => {
    if (stoppingSince === undefined) process.stdout.write(`${await summarize(addresses, dataFolder)}\n`);
  })
  .catch(async (error: unknown) => {
    if (stoppingSince !== undefined) return; // it failed because it is being stopped
    reportFailure(error);
    await system.stop();
    process.exit(1);
  });
