/**
 * The delivery buffer: what the broker has delivered and no batch has taken yet.
 *
 * A batch is as many deliveries as there are, up to the limit. A redelivered one, and one that cannot be read, is a
 * batch of its own. Deliveries that nobody waits for linger a moment for company (ADR 0014); one that somebody waits
 * for takes those before it along at once. But for that one timer the buffer is pure.
 */
import type { Delivery } from './settlement';

/** The bounds of a buffer. */
export interface BufferOptions {
  /** Deliveries taken at once. */
  readonly batchMax: number;
  /** Longest time that a delivery lingers for company. */
  readonly lingerMs: number;
  /** Whether an event of this type may linger. */
  readonly lingers: (type: string) => boolean;
}

/** What was delivered, in order. */
export interface DeliveryBuffer<Message> {
  add(delivery: Delivery<Message>): void;
  isEmpty(): boolean;
  /** Resolves when a batch is to be taken: at once, unless everything may linger. */
  ready(): Promise<void>;
  /** The next batch; empty when there is none. */
  take(): readonly Delivery<Message>[];
  /** Forgets everything: the broker delivers it again. */
  clear(): void;
  /** Lets nothing linger from now on: the consumer stops. */
  drain(): void;
}

/** Whether a delivery is a batch of its own. */
const isAlone = ({ raw, reading }: Delivery<unknown>): boolean => raw.fields.redelivered || !reading.ok;

/** Creates an empty buffer. */
export function createDeliveryBuffer<Message>(options: BufferOptions): DeliveryBuffer<Message> {
  const { batchMax, lingerMs, lingers } = options;
  let pending: Delivery<Message>[] = [];
  let draining = false;
  let hurry: () => void = () => undefined;

  const isUrgent = (delivery: Delivery<Message>) =>
    isAlone(delivery) || (delivery.reading.ok && !lingers(delivery.reading.type));

  return {
    add: (delivery) => {
      pending.push(delivery);
      if (isUrgent(delivery) || pending.length >= batchMax) hurry();
    },
    isEmpty: () => pending.length === 0,
    ready: async () => {
      const [first] = pending;
      if (!first || draining || pending.length >= batchMax || pending.some(isUrgent)) return;
      const leftMs = first.receivedAtMs + lingerMs - performance.now();
      if (leftMs <= 0) return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        hurry = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    },
    take: () => {
      const alone = pending.findIndex(isAlone);
      const size = alone === 0 ? 1 : Math.min(alone === -1 ? pending.length : alone, batchMax);
      const batch = pending.slice(0, size);
      pending = pending.slice(size);
      return batch;
    },
    clear: () => {
      pending = [];
      hurry();
    },
    drain: () => {
      draining = true;
      hurry();
    },
  };
}
