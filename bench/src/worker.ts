/** A process of the benchmark's own that is asked one thing at a time. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { rootFolder } from '@quadrille/operator/src/root';

/** A process that answers `{ result }` or `{ error }` to each message. */
export interface Worker {
  readonly pid: number;
  /** Asks, and resolves with the result; the caller knows what the worker answers to this. */
  readonly ask: (message: object | string) => Promise<unknown>;
  readonly stop: () => void;
}

/** Starts `dist/bench/<name>.js`; resolves when it is ready. */
export async function startWorker(name: string): Promise<Worker> {
  const child = fork(join(rootFolder, 'dist', 'bench', `${name}.js`), [], { serialization: 'advanced' });
  const ended = once(child, 'exit').then(() => {
    throw new Error(`The process of the ${name} has ended.`);
  });
  const next = async (): Promise<unknown> => {
    // once() answers an array of what was emitted, of any kind.
    const [answer] = (await Promise.race([once(child, 'message'), ended])) as [unknown];
    return answer;
  };
  await next();
  return {
    pid: child.pid ?? 0,
    ask: async (message) => {
      child.send(message);
      // What workers send: see their main.ts.
      const answer = (await next()) as { readonly result?: unknown; readonly error?: string };
      if (answer.error !== undefined) throw new Error(`${name}: ${answer.error}`);
      return answer.result;
    },
    stop: () => {
      child.disconnect();
    },
  };
}
