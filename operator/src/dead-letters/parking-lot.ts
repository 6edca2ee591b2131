/**
 * The parking queues, looked at and acted upon.
 *
 * A look takes every message once without acknowledging it, and then gives back what was not acted upon: a quorum queue
 * with a delivery limit puts it back where it was. What is replayed is acknowledged only when the broker has
 * confirmed it in the queue of its service; a death in between leaves it in both places, which its order absorbs.
 */
import { connect, type ConfirmChannel } from 'amqplib';
import { reasonOf } from '@quadrille/service-chassis';
import { services, shortNames, type ShortName } from '../services';
import { parkingQueues, readParked, type Parked, type ParkingQueue } from './parked';
import { replayOf } from './replay';
import { isSelected, type Selection } from './select';

/** A broker that does not answer within this is not reachable. */
const CONNECT_TIMEOUT_MS = 10_000;

/** The parking queues of one broker. */
export interface ParkingLot {
  /** The messages that are meant, the longest parked first. They stay where they are. */
  list(selection: Selection): Promise<Parked[]>;
  /** Sends the messages that are meant back to the services that gave them up; answers those that are there. */
  replay(selection: Selection): Promise<Acted>;
  /** Ends the messages that are meant, for good. */
  discard(selection: Selection): Promise<Acted>;
  close(): Promise<void>;
}

/** What became of the messages that were meant. */
export interface Acted {
  readonly done: readonly Parked[];
  /** Stayed where they were, and why. */
  readonly failed: readonly { readonly parked: Parked; readonly why: string }[];
}

/** Forgets how often a service died while it handled a message, so that it gets all of its tries again. */
export type ForgetRuns = (service: ShortName, messageId: string) => Promise<void>;

/** Acts on one message; the message leaves its queue when this resolves, and stays when it rejects. */
type Act = (parked: Parked) => Promise<unknown>;

/** Opens the parking queues with an administrator's user. */
export async function openParkingLot(amqpUrl: string, forgetRuns: ForgetRuns): Promise<ParkingLot> {
  const connection = await connect(amqpUrl, { timeout: CONNECT_TIMEOUT_MS });
  connection.on('error', () => undefined); // the call that it broke fails as well
  const channel = await connection.createConfirmChannel();
  channel.on('error', () => undefined); // likewise
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

/** Shows each message that is meant, once: one that is parked meanwhile, or replayed and parked again, is left for the next look. */
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
    // Answered after what was given back has gone to its queue: whoever looks next finds it there.
    await channel.checkQueue(name);
  }
}

/** Publishes the replay; resolves when the broker has it in the queue of its service, and says so. */
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
