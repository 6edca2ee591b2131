/** What is known of an order that waits beyond its time, as it was read. */

/** A moment by the database's clock: when, and how many seconds from now (negative: ago). */
export interface Moment {
  readonly at: Date;
  readonly inSeconds: number;
}

/** Its row in order-service. */
export interface StuckOrder {
  readonly status: string;
  readonly settled: boolean;
  /** How far the others have come, as far as order-service has heard. */
  readonly inventory: string;
  readonly payment: string;
  readonly nudges: number;
  readonly changed: Moment;
  readonly deadline: Moment;
  /** Its next nudge. */
  readonly due: Moment | undefined;
  readonly traceparent: string | undefined;
}

/** Its row in inventory-service. */
export interface StuckReservation {
  readonly status: string;
  readonly nudges: number;
  readonly changed: Moment;
  readonly due: Moment | undefined;
}

/** Its row in payment-service. */
export interface StuckPayment {
  readonly status: string;
  readonly attempt: number;
  readonly tries: number;
  readonly changed: Moment;
  readonly due: Moment | undefined;
}

/** A mail about it that is not out. */
export interface StuckMail {
  readonly kind: string;
  readonly attempts: number;
  readonly written: Moment;
  readonly due: Moment;
}

/** A message about it that is committed and not published. */
export interface StuckRow {
  readonly service: string;
  readonly type: string;
  readonly tries: number;
  readonly written: Moment;
  /** When the relay may take it: the end of somebody's lease, or of a pause. */
  readonly available: Moment;
}

/** A message about it that its service gave up. */
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

/** The queues that a service consumes: all that waits in them, and the fewest that consume one. */
export interface ServiceQueues {
  readonly service: string;
  readonly messages: number;
  readonly consumers: number;
}
