/** Logs: JSON lines for machines, readable ones in a terminal. */
import { pino, type DestinationStream, type Logger } from 'pino';
import pretty from 'pino-pretty';

export type { Logger } from 'pino';

/** Bytes gathered before a write: logging at speed costs one write for some twenty lines. */
const BUFFER_BYTES = 8 * 1024;

/** Longest time a line waits in that buffer. */
const FLUSH_INTERVAL_MS = 200;

/** The options that make log lines readable; shared by services on a terminal and by `npm run logs`. */
export const prettyOptions = {
  translateTime: 'SYS:HH:MM:ss.l',
  singleLine: true,
  ignore: 'pid,hostname,service',
  messageFormat: '{if service}{service}: {end}{msg}',
} as const;

/** A logger that names its service in every line. On a terminal its lines are for people, elsewhere they are JSON. */
export function createLogger(service: string, level: string): Logger {
  return pino({ level, base: { service }, timestamp: pino.stdTimeFunctions.isoTime }, destination());
}

function destination(): DestinationStream {
  if (process.stdout.isTTY) return pretty({ ...prettyOptions, sync: true });
  const stream = pino.destination({ dest: 1, sync: false, minLength: BUFFER_BYTES });
  setInterval(() => {
    stream.flush();
  }, FLUSH_INTERVAL_MS).unref();
  return stream;
}
