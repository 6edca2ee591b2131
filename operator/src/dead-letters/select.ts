/** Which parked messages are meant. */
import type { Parked, ParkingQueue } from './parked';

/** All that are given must fit; none given means all messages. */
export interface Selection {
  /** For example `payment-service`. */
  readonly service?: string | undefined;
  readonly queue?: ParkingQueue | undefined;
  readonly event?: string | undefined;
  /** A part of the reason, in any case of letters. */
  readonly reason?: string | undefined;
  readonly order?: string | undefined;
  readonly id?: string | undefined;
}

/** Whether a message is meant. */
export const isSelected = ({ service, queue, event, reason, order, id }: Selection, parked: Parked): boolean =>
  (service === undefined || parked.service === service) &&
  (queue === undefined || parked.queue === queue) &&
  (event === undefined || parked.event === event) &&
  (reason === undefined || parked.reason.toLowerCase().includes(reason.toLowerCase())) &&
  (order === undefined || parked.orderId === order) &&
  (id === undefined || parked.messageId === id);
