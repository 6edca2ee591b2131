/** A process of the benchmark's own that handles one request at a time. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { rootFolder } from '@quadrille/operator/src/root';

/** A process that replies `{ result }` or `{ error }` to each message. */
export interface Worker {
  readonly pid: number;
  /** Sends a request and resolves with the result, whose form the caller knows. */
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
    // once() resolves with an array of the emitted values, of any type.
    const [answer] = (await Promise.race([once(child, 'message'), ended])) as [unknown];
    return answer;
  };
  await next();
  return {
    pid: child.pid ?? 0,
    ask: async (message) => {
      child.send(message);
      // The form of a worker's reply: see their main.ts.
      const answer = (await next()) as { readonly result?: unknown; readonly error?: string };
      if (answer.error !== undefined) throw new Error(`${name}: ${answer.error}`);
      return answer.result;
    },
    stop: () => {
      child.disconnect();
    },
  };
}
