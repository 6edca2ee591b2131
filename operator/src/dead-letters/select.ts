/** The choice of parked messages. */
import type { Parked, ParkingQueue } from './parked';

/** A message must match all fields that are given; without any, every message is selected. */
export interface Selection {
  /** For example `payment-service`. */
  readonly service?: string | undefined;
  readonly queue?: ParkingQueue | undefined;
  readonly event?: string | undefined;
  /** A part of the reason; upper and lower case are the same. */
  readonly reason?: string | undefined;
  readonly order?: string | undefined;
  readonly id?: string | undefined;
}

/** Whether a message is selected. */
export const isSelected = ({ service, queue, event, reason, order, id }: Selection, parked: Parked): boolean =>
  (service === undefined || parked.service === service) &&
  (queue === undefined || parked.queue === queue) &&
  (event === undefined || parked.event === event) &&
  (reason === undefined || parked.reason.toLowerCase().includes(reason.toLowerCase())) &&
  (order === undefined || parked.orderId === order) &&
  (id === undefined || parked.messageId === id);
