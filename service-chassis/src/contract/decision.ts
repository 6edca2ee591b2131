/**
 * The shape of a decision. A service's domain is one pure function `(state, message) => Decision`: no clock, no ids, no
 * await. The chassis loads the state, applies the decision and its events in one transaction, and performs the rest
 * after the commit.
 */
import type { NewEvent } from '@quadrille/shared-events';

/** A message to the service itself, delivered by the broker after a delay: an alarm clock, never the truth. */
export interface DelayedMessage<Message> {
  /** One of the delays that the service declares in its table. */
  readonly delayMs: number;
  readonly message: Message;
}

/** What a decision returns. */
export interface Decision<State, Effect = never, Own = never> {
  /** The next state; the very same object when nothing changed. */
  readonly state: State;
  /** What was decided, for logs and metrics: a few fixed words, such as `reserved` or `unchanged: reserved already`. */
  readonly outcome: string;
  /** What to announce, in the same transaction as the state. */
  readonly events: readonly NewEvent[];
  /** What to have done outside, after the commit; the answer comes back as a message. */
  readonly effects: readonly Effect[];
  /** What to be reminded of. */
  readonly delayed: readonly DelayedMessage<Own>[];
}

/** What led to a message: carried into the events that it leads to. */
export interface Cause {
  /** The id of the message that was heard; none for a request or a sweeper. */
  readonly messageId?: string | undefined;
  /** W3C Trace Context. */
  readonly traceparent?: string | undefined;
}

/** One message on its way to a decision. */
export interface Input<Message> {
  /** The order id: inputs of one key are decided one after another, on all replicas. */
  readonly key: string;
  readonly message: Message;
  readonly cause: Cause;
}

/** An event as it was published: known to the store of its service, so that it can be shown in a timeline. */
export interface PublishedEvent {
  readonly id: string;
  readonly type: string;
  readonly time: string;
}

/** What became of one input. */
export interface Handled<State> {
  /** The state after the whole batch, as it was saved. */
  readonly state: State;
  readonly outcome: string;
  readonly changed: boolean;
}

/** An effect and what asked for it. */
export interface RequestedEffect<Effect> {
  readonly key: string;
  readonly effect: Effect;
  readonly cause: Cause;
}

/** The wire form of a service's message to itself. */
export interface DelayedEnvelope {
  readonly orderId: string;
  readonly causationId?: string | undefined;
  readonly message: unknown;
}
