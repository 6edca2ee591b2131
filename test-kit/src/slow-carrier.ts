/**
 * One direction of a connection over a slow network: latency, jitter and small pieces, with the bytes in their order.
 */
import type { Socket } from 'node:net';

/** How slow a network is. */
export interface Slowness {
  /** Delay of everything, in each direction, in milliseconds. */
  readonly latencyMs: number;
  /** Up to so much more, at random; the order of the bytes stays. */
  readonly jitterMs: number;
  /** Nothing larger passes in one piece. */
  readonly sliceBytes: number;
}

/** A network that delays nothing. */
export const NO_SLOWNESS: Slowness = { latencyMs: 0, jitterMs: 0, sliceBytes: Number.POSITIVE_INFINITY };

function* slicesOf(chunk: Buffer, bytes: number): Generator<Buffer> {
  for (let start = 0; start < chunk.length; start += bytes) yield chunk.subarray(start, start + bytes);
}

/** One direction of a connection. */
export interface Carrier {
  carry(chunk: Buffer): void;
  /** Ends the direction: the receiving socket is closed after everything that is on its way has arrived. */
  end(): void;
}

/**
 * Creates a direction with latency: each slice arrives its own delay after it was sent, independent of how many are on
 * their way, and never before an earlier one. There is one queue and one timer, because a timer for each slice could
 * fire a millisecond early and change the order of the bytes.
 */
export function createCarrier(to: Socket, slowness: () => Slowness): Carrier {
  const underWay: { readonly slice: Buffer; readonly dueMs: number }[] = [];
  let timer: NodeJS.Timeout | undefined;
  let lastDueMs = 0;
  let ended = false;
  const deliver = () => {
    timer = undefined;
    const now = performance.now();
    for (let next = underWay[0]; next && next.dueMs <= now; next = underWay[0]) {
      underWay.shift();
      if (!to.destroyed) to.write(next.slice);
    }
    const next = underWay[0];
    if (next) timer = setTimeout(deliver, next.dueMs - now);
    else if (ended) to.destroySoon();
  };
  return {
    carry: (chunk) => {
      const { latencyMs, jitterMs, sliceBytes } = slowness();
      const now = performance.now();
      for (const slice of slicesOf(chunk, sliceBytes)) {
        lastDueMs = Math.max(lastDueMs, now + latencyMs + Math.random() * jitterMs);
        underWay.push({ slice, dueMs: lastDueMs });
      }
      if (timer === undefined) deliver();
    },
    end: () => {
      ended = true;
      if (timer === undefined) deliver();
    },
  };
}
