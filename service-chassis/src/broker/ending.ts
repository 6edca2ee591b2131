/** Waiting on a connection that may end at any moment. */
import { withTimeout } from '../timing/timeout';

/** A promise of the reason why something ended, and the function that resolves it; the first reason counts. */
export function ending(): { readonly ended: Promise<string>; readonly end: (reason: string) => void } {
  let end: (reason: string) => void = () => undefined;
  const ended = new Promise<string>((resolve) => {
    end = resolve;
  });
  return { ended, end };
}

/** Rejects when `work` takes longer than `ms`, or when `ended` comes first. */
export function within<T>(work: Promise<T>, ms: number, ended: Promise<string>): Promise<T> {
  const broken = ended.then((reason): never => {
    throw new Error(reason);
  });
  return withTimeout(Promise.race([work, broken]), ms, () => {
    throw new Error(`no answer within ${String(ms)} ms`);
  });
}
