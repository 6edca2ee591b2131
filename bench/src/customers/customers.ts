/** The customers as the benchmark sees them: a process of their own, so that what they do is not done by what is measured. */
import { startWorker } from '../worker';
import type { Job, JobResult } from './job';

/** The customers' process. */
export interface Customers {
  readonly pid: number;
  /** One job at a time. */
  readonly place: (job: Job) => Promise<JobResult>;
  readonly stop: () => void;
}

/** Starts it. */
export async function startCustomers(): Promise<Customers> {
  const worker = await startWorker('customers');
  return {
    pid: worker.pid,
    place: async (job) => (await worker.ask(job)) as JobResult, // what customers/main.ts answers
    stop: worker.stop,
  };
}
