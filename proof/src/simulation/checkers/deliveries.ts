/**
 * What the chassis owes to every single message, watched as it happens. The seven invariants cannot tell, since healing
 * makes good what a chassis loses, and a run loses messages on purpose.
 *
 * - Only what is committed in an outbox is published, or what is being parked.
 * - A row leaves its outbox only when the broker has confirmed its message and has routed it.
 * - A delivery is acknowledged only when its decision is committed, or when it is parked.
 */
import type { Input } from '@quadrille/service-chassis';
import { controlExchange } from '@quadrille/service-chassis/src/contract/topology';
import { type DelayedEnvelope } from '@quadrille/service-chassis/src/contract/decision';
import { queuesOf } from '@quadrille/service-chassis/src/contract/topology';
import { services, shortNames, type ShortName } from '@quadrille/operator/src/services';
import type { Message, Routed } from '../broker/broker';
import type { Tables } from '../world/databases';
import type { Finding } from '../report';
import type { Owner } from '../engine/scheduler';

/** Watches the messages of a run. */
export interface Deliveries {
  /** A transaction that decided these messages was committed. */
  readonly decided: (service: ShortName, identities: readonly string[]) => void;
  readonly isDecided: (queue: string, message: Message) => boolean;
  /** The broker has got a message, and says what it did with it. */
  readonly published: (owner: Owner, message: Message, routed: Routed) => void;
  /** The broker was told that these are done with. */
  readonly acknowledged: (queue: string, messages: readonly Message[]) => void;
  /** Messages that each service has parked, by where. */
  readonly parked: (service: ShortName) => ReadonlyMap<string, string>;
  readonly findings: () => readonly Finding[];
}

/**
 * An event is what its id says; a message of a service to itself, which decisions do not see the id of, is what it says
 * to whom.
 */
const toItself = (orderId: string, message: unknown) => `${orderId} ${JSON.stringify(message)}`;

/** What identifies a message that is decided. */
export const identityOf = ({ key, message }: Input<object>): string =>
  'id' in message && typeof message.id === 'string' ? message.id : toItself(key, message);

const idOf = ({ properties }: Message) => properties.messageId ?? '';

interface Watched {
  /** Ids of the rows that were ever committed. */
  readonly written: Set<string>;
  /** Ids of messages that the broker has confirmed and routed. */
  readonly confirmed: Set<string>;
  readonly decided: Set<string>;
  /** Where each message is parked. */
  readonly parked: Map<string, string>;
}

const PARKING: ReadonlySet<string> = new Set(['invalid', 'dead-letter']);

const nothingYet = (): Watched => ({
  written: new Set(),
  confirmed: new Set(),
  decided: new Set(),
  parked: new Map(),
});

/** Begins to watch; the outboxes must be empty. */
export function watchDeliveries(tables: Tables): Deliveries {
  const findings: Finding[] = [];
  const wrong = (service: ShortName, messageId: string, detail: string) => {
    findings.push({ rule: 'delivery', subject: `${services[service].table.name} ${messageId}`, detail });
  };
  const watched = {
    order: nothingYet(),
    inventory: nothingYet(),
    payment: nothingYet(),
    notification: nothingYet(),
  };
  for (const name of shortNames) {
    const { written, confirmed } = watched[name];
    tables.chassis[name].outbox.watchers.push((id, _before, after) => {
      if (after) written.add(id);
      else if (!confirmed.has(id)) wrong(name, id, 'left the outbox, and the broker has never confirmed it');
    });
  }
  const byQueue = new Map(shortNames.flatMap((name) => queuesOf(services[name].table).map((queue) => [queue, name])));
  const isDecided = (name: ShortName, message: Message): boolean => {
    const { decided } = watched[name];
    if (decided.has(idOf(message))) return true;
    if (message.exchange !== controlExchange(services[name].table.name)) return false;
    // Written by the chassis, as it says there.
    const { orderId, message: said } = JSON.parse(message.content.toString()) as DelayedEnvelope;
    return decided.has(toItself(orderId, said));
  };
  const readerOf = (queue: string): ShortName => {
    const name = byQueue.get(queue);
    if (!name) throw new Error(`nobody reads ${queue}`);
    return name;
  };
  return {
    decided: (service, identities) => {
      for (const identity of identities) watched[service].decided.add(identity);
    },
    isDecided: (queue, message) => isDecided(readerOf(queue), message),
    published: (owner, message, routed) => {
      const name = shortNames.find((each) => owner.name.startsWith(`${services[each].table.name}#`));
      if (!name) return;
      const { written, confirmed, parked } = watched[name];
      const id = idOf(message);
      if (message.exchange === controlExchange(services[name].table.name) && PARKING.has(message.routingKey)) {
        if (routed === 'confirmed') parked.set(id, message.routingKey);
        return;
      }
      if (!written.has(id)) wrong(name, id, `was published as ${message.routingKey} and is in no outbox`);
      if (routed === 'confirmed') confirmed.add(id);
    },
    acknowledged: (queue, messages) => {
      const name = readerOf(queue);
      for (const message of messages) {
        const id = idOf(message);
        if (isDecided(name, message) || watched[name].parked.has(id)) continue;
        wrong(name, id, `(${message.routingKey}) was acknowledged, and is neither decided nor parked`);
      }
    },
    parked: (service) => watched[service].parked,
    findings: () => findings,
  };
}
