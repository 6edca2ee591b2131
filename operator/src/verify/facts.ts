/** What the checker knows, as it was read: the rules decide about these facts alone. */

/** The seven invariants of the protocol, by number. */
export const invariants = {
  1: 'settled',
  2: 'stock',
  3: 'money',
  4: 'agreement',
  5: 'notifications',
  6: 'rest',
  7: 'idempotency',
} as const;

/** The number of an invariant. */
export type Invariant = keyof typeof invariants;

/** One offender against one invariant. */
export interface Breach {
  readonly invariant: Invariant;
  readonly orderId?: string;
  readonly productId?: string;
  /** What is wrong, for a person. */
  readonly detail: string;
  /** Names an offender that is no order and no product, and that is the same however its detail changes. */
  readonly offender?: string;
  /** What was read shows by itself that it lasts; there is no need to look again. */
  readonly lasting?: true;
  /** What was read may be that old, in milliseconds: it must look wrong for so much longer. */
  readonly readLateMs?: number;
}

/** What the four services and the gateway's ledger hold about one order. Absent: no such row. */
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
  /** Rows older than the patience of the checker. */
  readonly waiting: number;
  readonly oldestSeconds: number;
  /** Most tries of one row; an unroutable message is tried for ever. */
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
