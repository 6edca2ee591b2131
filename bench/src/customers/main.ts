/** The customers' process: places the orders of its jobs, and sends their results. */
import type { Job } from './job';
import { place } from './place';

process.on('message', (job: Job) => {
  place(job).then(
    (result) => process.send?.({ result }),
    (error: unknown) => process.send?.({ error: error instanceof Error ? error.message : String(error) }),
  );
});
process.once('disconnect', () => process.exit(0)); // the benchmark has ended
process.send?.('ready');
