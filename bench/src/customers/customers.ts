/** The benchmark's customers: a process of their own, so that their work does not count as the system's. */
import { startWorker } from '../worker';
import type { Job, JobResult } from './job';

/** The customers' process. */
export interface Customers {
  readonly pid: number;
  /** Does one job; one at a time. */
  readonly place: (job: Job) => Promise<JobResult>;
  readonly stop: () => void;
}

/** Starts the customers' process. */
export async function startCustomers(): Promise<Customers> {
  const worker = await startWorker('customers');
  return {
    pid: worker.pid,
    place: async (job) => (await worker.ask(job)) as JobResult, // the form of the result of customers/main.ts
    stop: worker.stop,
  };
}
