/** Waiting on a connection that may end at any moment. */
import { pause } from '../timing/backoff';

/** A promise of the reason why something ended, and the function that resolves it; the first reason counts. */
export function ending(): { readonly ended: Promise<string>; readonly end: (reason: string) => void } {
  let end: (reason: string) => void = () => undefined;
  const ended = new Promise<string>((resolve) => {
    end = resolve;
  });
  return { ended, end };
}

/** Rejects when `work` takes longer than `ms`, or when `ended` comes first. */
export async function within<T>(work: Promise<T>, ms: number, ended: Promise<string>): Promise<T> {
  const timer = new AbortController();
  const late = pause(ms, timer.signal).then(() => `no answer within ${String(ms)} ms`);
  const failed = Promise.race([late, ended]).then((reason): never => {
    throw new Error(reason);
  });
  try {
    return await Promise.race([work, failed]);
  } finally {
    work.catch(() => undefined); // it may still fail after it was given up
    failed.catch(() => undefined);
    timer.abort();
  }
}
