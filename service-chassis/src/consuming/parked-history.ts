/**
 * The history of a message that was parked and replayed: how often, and what happened when. It travels in headers, so
 * that a message which fails again still tells of the times before. A replay writes an entry, and parking
 * it again carries them over.
 */
import type { ConsumeMessage } from 'amqplib';
import { z } from 'zod';

/** Header: how often the message was replayed. */
export const REPLAYS_HEADER = 'x-replays';

/** Header: what happened to the message, the newest last. */
export const HISTORY_HEADER = 'x-history';

/** Entries that are kept, the newest: headers must fit into one frame. */
const ENTRIES_MAX = 10;

/** Longest entry, in characters. */
const ENTRY_MAX_LENGTH = 300;

const headersSchema = z.object({
  [REPLAYS_HEADER]: z.int().min(1).optional().catch(undefined),
  [HISTORY_HEADER]: z.array(z.string()).optional().catch(undefined),
});

/**
 * The history's headers, with further entries; none for a message that was never replayed. A stranger may have written
 * them: they are bounded, and of the right type.
 */
export function historyOf(
  { properties }: Pick<ConsumeMessage, 'properties'>,
  further: readonly string[] = [],
): { [REPLAYS_HEADER]?: number; [HISTORY_HEADER]?: readonly string[] } {
  const { [REPLAYS_HEADER]: replays, [HISTORY_HEADER]: history = [] } =
    headersSchema.safeParse(properties.headers ?? {}).data ?? {};
  const entries = [...history, ...further].slice(-ENTRIES_MAX).map((entry) => entry.slice(0, ENTRY_MAX_LENGTH));
  return {
    ...(replays === undefined ? {} : { [REPLAYS_HEADER]: replays }),
    ...(entries.length === 0 ? {} : { [HISTORY_HEADER]: entries }),
  };
}
