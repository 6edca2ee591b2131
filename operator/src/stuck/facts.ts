/** What was read about an order that waits beyond its time. */

/** A moment by the database's clock: when, and how many seconds from now (negative: ago). */
export interface Moment {
  readonly at: Date;
  readonly inSeconds: number;
}

/** The order's row in order-service. */
export interface StuckOrder {
  readonly status: string;
  readonly settled: boolean;
  /** The progress of the other services, as far as order-service knows. */
  readonly inventory: string;
  readonly payment: string;
  readonly nudges: number;
  readonly changed: Moment;
  readonly deadline: Moment;
  /** Its next nudge. */
  readonly due: Moment | undefined;
  readonly traceparent: string | undefined;
}

/** The order's row in inventory-service. */
export interface StuckReservation {
  readonly status: string;
  readonly nudges: number;
  readonly changed: Moment;
  readonly due: Moment | undefined;
}

/** The order's row in payment-service. */
export interface StuckPayment {
  readonly status: string;
  readonly attempt: number;
  readonly tries: number;
  readonly changed: Moment;
  readonly due: Moment | undefined;
}

/** A mail about the order that was not sent yet. */
export interface StuckMail {
  readonly kind: string;
  readonly attempts: number;
  readonly written: Moment;
  readonly due: Moment;
}

/** A message about the order that is committed and not published. */
export interface StuckRow {
  readonly service: string;
  readonly type: string;
  readonly tries: number;
  readonly written: Moment;
  /** When the relay may take it: the end of another relay's lease, or of a pause. */
  readonly available: Moment;
}

/** A parked message about the order. */
export interface StuckParked {
  readonly service: string;
  readonly queue: string;
  readonly event: string;
  readonly reason: string;
  readonly since: Date | undefined;
}

/** Everything about one order that waits beyond its time. */
export interface StuckFacts {
  readonly orderId: string;
  readonly order: StuckOrder | undefined;
  readonly reservation: StuckReservation | undefined;
  readonly payment: StuckPayment | undefined;
  readonly mails: readonly StuckMail[];
  readonly rows: readonly StuckRow[];
  readonly parked: readonly StuckParked[];
}

/** The queues of a service: the messages waiting in all of them, and the smallest number of consumers of one. */
export interface ServiceQueues {
  readonly service: string;
  readonly messages: number;
  readonly consumers: number;
}
