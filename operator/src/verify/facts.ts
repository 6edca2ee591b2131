/** The facts that the checker reads. The rules depend on these facts alone. */

/** The seven invariants of the protocol, by number: the name of each, and what it promises. */
export const invariants = {
  1: {
    name: 'settled',
    promise: 'Every order that was answered 2xx exists, leaves PENDING, and is settled in the end.',
  },
  2: {
    name: 'stock',
    promise:
      'Of every product, the units available are never below zero, those reserved are the lines of RESERVED reservations, ' +
      'those committed the lines of COMMITTED ones, and all together are the sum of its adjustments.',
  },
  3: {
    name: 'money',
    promise:
      "By the bank's own ledger, an order is charged at most once and refunded at most once; of a CONFIRMED or COMPLETED " +
      'order the shop has its total, of any other settled one nothing.',
  },
  4: {
    name: 'agreement',
    promise:
      'Of a settled order, the three services agree: order, reservation and payment end in one of the legal ways.',
  },
  5: {
    name: 'notifications',
    promise: 'A customer is told each kind of news about an order at most once.',
  },
  6: {
    name: 'rest',
    promise:
      'At rest the outboxes and queues are empty, and what is parked as dead letter or as invalid is exactly the poison ' +
      'that was put in on purpose.',
  },
  7: {
    name: 'idempotency',
    promise: 'One Idempotency-Key has one order.',
  },
} as const;

/** The number of an invariant. */
export type Invariant = keyof typeof invariants;

/** One violation of one invariant. */
export interface Breach {
  readonly invariant: Invariant;
  readonly orderId?: string;
  readonly productId?: string;
  /** What is wrong, in words. */
  readonly detail: string;
  /** Identifies an offender that is neither an order nor a product, independent of `detail`, which may change. */
  readonly offender?: string;
  /** The facts themselves show that it lasts, so it need not be read again. */
  readonly lasting?: true;
  /** How old the facts may be, in milliseconds; the violation must be seen for so much longer. */
  readonly readLateMs?: number;
}

/** What the four services and the gateway's ledger hold about one order. Undefined: there is no such row. */
export interface OrderFacts {
  readonly orderId: string;
  readonly order:
    { readonly status: string; readonly settled: boolean; readonly totalMinor: number | null } | undefined;
  /** Status of the reservation. */
  readonly reservation: string | undefined;
  /** Status of the payment. */
  readonly payment: string | undefined;
  /** What the gateway charged, in minor units, one entry a charge. */
  readonly charges: readonly number[];
  /** What the gateway gave back, in minor units, one entry a refund. */
  readonly refunds: readonly number[];
  /** Kinds of notifications, one entry a row. */
  readonly notifications: readonly string[];
}

/** Stock of one product: its levels, what the reservations say they should be, and the ledger's sum. In units. */
export interface StockFacts {
  readonly productId: string;
  readonly available: number;
  readonly reserved: number;
  readonly committed: number;
  readonly reservedByOrders: number;
  readonly committedByOrders: number;
  readonly adjusted: number;
}

/** Events of one service that are committed and were not published for a while. */
export interface OutboxFacts {
  readonly service: string;
  /** Rows that are older than the checker allows. */
  readonly waiting: number;
  readonly oldestSeconds: number;
  /** The highest number of attempts of one row; an unroutable message is tried for ever. */
  readonly attempts: number;
}

/** One queue of the topology. */
export interface QueueFacts {
  readonly name: string;
  /** Messages ready for delivery. */
  readonly ready: number;
  /** Messages delivered and not acknowledged, as far as the management API knows. */
  readonly unacknowledged: number;
}

/** An idempotency key of more than one order. */
export interface KeyFacts {
  readonly key: string;
  readonly orderIds: readonly string[];
}
