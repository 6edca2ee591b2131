/** The logs of the services as evidence: what they wrote since a moment, counted. */
import { openSync, closeSync, fstatSync, readSync } from 'node:fs';
import { z } from 'zod';

const lineSchema = z.object({
  msg: z.string(),
  message_id: z.string().optional(),
  outcome: z.string().optional(),
  attempt: z.number().optional(),
  confirmed: z.number().optional(),
  reason: z.string().optional(),
});

/** One line that a service logged. */
export type Line = z.infer<typeof lineSchema>;

/** What services wrote since a moment. */
export interface Entries {
  /** By service, without what is no JSON. */
  readonly lines: ReadonlyMap<string, readonly Line[]>;
  /** Lines of all services that say `text`, in any form. */
  readonly count: (text: string) => number;
}

/** Where each log file ended. */
export type Mark = ReadonlyMap<string, number>;

function readFrom(file: string, offset: number): string {
  const descriptor = openSync(file, 'r');
  try {
    const size = fstatSync(descriptor).size - offset;
    const content = Buffer.alloc(Math.max(0, size));
    readSync(descriptor, content, 0, content.length, offset);
    return content.toString();
  } finally {
    closeSync(descriptor);
  }
}

function sizeOf(file: string): number {
  const descriptor = openSync(file, 'a');
  try {
    return fstatSync(descriptor).size;
  } finally {
    closeSync(descriptor);
  }
}

function parse(text: string): Line | undefined {
  try {
    return lineSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined; // a failpoint's line, or one that a death cut short
  }
}

/** Where the logs end now. `files` by service. */
export const markOf = (files: ReadonlyMap<string, string>): Mark =>
  new Map([...files].map(([service, file]) => [service, sizeOf(file)]));

/** What was written after `mark`. */
export function entriesSince(files: ReadonlyMap<string, string>, mark: Mark): Entries {
  const texts = new Map([...files].map(([service, file]) => [service, readFrom(file, mark.get(service) ?? 0)]));
  const lines = new Map(
    [...texts].map(([service, text]) => [service, text.split('\n').flatMap((line) => parse(line) ?? [])]),
  );
  return {
    lines,
    count: (text) => [...texts.values()].reduce((sum, content) => sum + content.split(text).length - 1, 0),
  };
}

/** What every row is asked for. */
export interface Counters {
  /** Deliveries that were not the first of their message. */
  readonly redelivered: number;
  /** Messages that found their work done: heard again, and nothing changed. */
  readonly absorbed: number;
  /** Outbox rows that a relay published in place of their writer. */
  readonly relayed: number;
  /** Times that a service waited for a server instead of failing. */
  readonly waited: number;
}

function absorbedIn(lines: readonly Line[]): number {
  const seen = new Set<string>();
  let absorbed = 0;
  for (const { msg, message_id: id, attempt = 1, outcome = '' } of lines) {
    if (msg !== 'handled' || id === undefined) continue;
    // A process that was killed took the line of the first time with it: then the state itself says that it knew.
    if (seen.has(id) || (attempt > 1 && outcome.startsWith('unchanged'))) absorbed += 1;
    seen.add(id);
  }
  return absorbed;
}

/** Counts. */
export function countersOf({ lines, count }: Entries): Counters {
  const all = [...lines.values()].flat();
  const relays = all.filter(({ msg }) => msg === 'the relay published what was left in the outbox');
  return {
    redelivered: all.filter(({ msg, attempt = 1 }) => msg === 'handled' && attempt > 1).length,
    absorbed: [...lines.values()].reduce((sum, each) => sum + absorbedIn(each), 0),
    relayed: relays.reduce((sum, { confirmed = 0 }) => sum + confirmed, 0),
    waited: count('waiting for the infrastructure'),
  };
}
