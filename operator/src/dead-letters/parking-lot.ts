/**
 * Lists, replays and discards the messages of the parking queues.
 *
 * A visit gets every message once without acknowledging it, and at its end returns what was not acted upon: a quorum
 * queue with a delivery limit puts it back where it was. A replayed message is acknowledged only after the broker has
 * confirmed the copy in the queue of the service; after a crash in between it is in both places, and the state of its
 * order absorbs the duplicate.
 */
import { connect, type ConfirmChannel } from 'amqplib';
import { reasonOf } from '@quadrille/service-chassis';
import { services, shortNames, type ShortName } from '../services';
import { parkingQueues, readParked, type Parked, type ParkingQueue } from './parked';
import { replayOf } from './replay';
import { isSelected, type Selection } from './select';

/** A broker that does not respond within this, in milliseconds, is not reachable. */
const CONNECT_TIMEOUT_MS = 10_000;

/** The parking queues of one broker. */
export interface ParkingLot {
  /** The selected messages, the longest parked first. They stay where they are. */
  list(selection: Selection): Promise<Parked[]>;
  /** Sends the selected messages back to the services that parked them. */
  replay(selection: Selection): Promise<Acted>;
  /** Deletes the selected messages. */
  discard(selection: Selection): Promise<Acted>;
  close(): Promise<void>;
}

/** What became of the selected messages. */
export interface Acted {
  readonly done: readonly Parked[];
  /** Those that stay parked, and why. */
  readonly failed: readonly { readonly parked: Parked; readonly why: string }[];
}

/** Deletes the count of deaths of a service over a message, so that the message gets all of its attempts again. */
export type ForgetRuns = (service: ShortName, messageId: string) => Promise<void>;

/** Acts on one message; the message leaves its queue when this resolves, and stays when it rejects. */
type Act = (parked: Parked) => Promise<unknown>;

/** Opens the parking queues. `amqpUrl` needs an administrator's credentials. */
export async function openParkingLot(amqpUrl: string, forgetRuns: ForgetRuns): Promise<ParkingLot> {
  const connection = await connect(amqpUrl, { timeout: CONNECT_TIMEOUT_MS });
  connection.on('error', () => undefined); // the call that it broke fails as well
  const channel = await connection.createConfirmChannel();
  channel.on('error', () => undefined); // the call that it broke fails as well
  const act = async (selection: Selection, action: Act) => {
    const done: Parked[] = [];
    const failed: Acted['failed'][number][] = [];
    await visit(channel, selection, async (parked) => {
      try {
        await action(parked);
        channel.ack(parked.raw);
        done.push(parked);
      } catch (error) {
        failed.push({ parked, why: reasonOf(error) });
      }
    });
    return { done, failed };
  };
  return {
    list: async (selection) => {
      const found: Parked[] = [];
      await visit(channel, selection, (parked) => {
        found.push(parked);
        return Promise.resolve();
      });
      const time = ({ since }: Parked) => since?.getTime() ?? 0;
      return found.sort((a, b) => time(a) - time(b));
    },
    replay: (selection) =>
      act(selection, async (parked) => {
        const short = shortNames.find((name) => services[name].table.name === parked.service);
        if (short) await forgetRuns(short, parked.messageId);
        await sendBack(channel, parked);
      }),
    discard: (selection) => act(selection, () => Promise.resolve()),
    close: () => connection.close().catch(() => undefined),
  };
}

/** Visits each selected message once. Messages that are parked during the visit are left for the next one. */
async function visit(channel: ConfirmChannel, selection: Selection, look: Act): Promise<void> {
  for (const short of shortNames) {
    const { name } = services[short].table;
    for (const queue of parkingQueues) {
      if ((selection.service ?? name) !== name || (selection.queue ?? queue) !== queue) continue;
      await visitQueue(channel, name, queue, selection, look);
    }
  }
}

async function visitQueue(
  channel: ConfirmChannel,
  service: string,
  queue: ParkingQueue,
  selection: Selection,
  look: Act,
): Promise<void> {
  const name = `${service}.${queue}`;
  const { messageCount } = await channel.checkQueue(name);
  try {
    for (let shown = 0; shown < messageCount; shown++) {
      const raw = await channel.get(name);
      if (raw === false) break;
      const parked = readParked(service, queue, raw);
      if (isSelected(selection, parked)) await look(parked);
    }
  } finally {
    channel.nackAll(true);
    // The broker replies after the returned messages are back in the queue, so the next visit finds them.
    await channel.checkQueue(name);
  }
}

/** Publishes the replay; resolves when the broker has confirmed it in the queue of its service. */
async function sendBack(channel: ConfirmChannel, parked: Parked): Promise<void> {
  const { exchange, routingKey, content, options } = replayOf(parked, new Date());
  const answer = { returned: false };
  const onReturn = () => {
    answer.returned = true;
  };
  channel.once('return', onReturn);
  try {
    await new Promise<void>((resolve, reject) => {
      channel.publish(exchange, routingKey, content, options, (error: unknown) => {
        if (error) reject(new Error('the broker refused it'));
        else resolve();
      });
    });
  } finally {
    channel.off('return', onReturn);
  }
  if (answer.returned) throw new Error(`nobody takes ${routingKey} at exchange ${exchange || '(default)'}`);
}
