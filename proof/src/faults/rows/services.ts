/** Services that die at named moments, at random ones, or are stopped. */
import { setTimeout as pause } from 'node:timers/promises';
import { shortNames, type ShortName } from '@quadrille/operator/src/services';
import type { Entries } from '../journal';
import type { Row, FaultContext } from '../row';

/** How long the rolling kills go on, and how often one falls. */
const ROLLING_MS = 60_000;
const ROLLING_INTERVAL_MS = 1_000;

/** A system recovers from the death of one service by then: a second until it is started again, one or two to start. */
const ONE_DEATH_MS = 5_000;

/** The orderly end of a service, at the most. */
const DRAIN_MAX_MS = 10_000;

/** Kills a service at a failpoint and waits until the system works again. */
async function dieAndRecover({ system, recovered }: FaultContext, short: ShortName, failpoint: string): Promise<void> {
  await system.services[short].dieAt(failpoint);
  await recovered();
}

/** Kills each of these services at a failpoint, one after the other. Returns how many died. */
async function each(context: FaultContext, names: readonly ShortName[], failpoint: string): Promise<number> {
  for (const short of names) await dieAndRecover(context, short, failpoint);
  return names.length;
}

const hearers: readonly ShortName[] = ['order', 'inventory', 'payment', 'notification'];
const speakers: readonly ShortName[] = ['order', 'inventory', 'payment'];

/** The rows. */
export const serviceRows: readonly Row[] = [
  {
    number: 1,
    group: 'services',
    recoverWithinMs: ONE_DEATH_MS,
    fault: 'SIGKILL after the commit, before the ack (each consumer)',
    expected: 'delivered again, and the state knows it: effects once',
    youWillSee: 'a supervisor line, then `handled` with `attempt: 2` and an outcome that begins with `unchanged`',
    quick: true,
    inject: async (context) => ({
      'deaths between commit and ack': await each(context, hearers, 'before_ack:kill:5'),
      redelivered: ({ counters }) => counters.redelivered,
      'repetitions absorbed': ({ counters }) => counters.absorbed,
    }),
  },
  {
    number: 2,
    group: 'services',
    recoverWithinMs: ONE_DEATH_MS,
    fault: 'SIGKILL before the commit (each consumer)',
    expected: 'PostgreSQL rolls back, delivered again, decided once',
    youWillSee: '`handled` with `attempt: 2` and the usual outcome',
    inject: async (context) => ({
      'deaths before the commit': await each(context, hearers, 'before_commit:kill:5'),
      redelivered: ({ counters }) => counters.redelivered,
    }),
  },
  {
    number: 3,
    group: 'services',
    recoverWithinMs: ONE_DEATH_MS,
    fault: 'SIGKILL after the publish, before its confirm',
    expected: 'the row is still there, a relay sends it again, readers absorb it',
    youWillSee: '"the relay published what was left in the outbox" some 5 s after the new start',
    quick: true,
    inject: async (context) => ({
      'deaths between publish and confirm': await each(context, speakers, 'after_publish:kill:5'),
      'rows relayed': ({ counters }) => counters.relayed,
      'repetitions absorbed': ({ counters }) => counters.absorbed,
    }),
  },
  {
    number: 4,
    group: 'services',
    recoverWithinMs: ONE_DEATH_MS,
    fault: 'SIGKILL after the confirm, before the row is deleted',
    expected: 'published twice under one id, and absorbed',
    youWillSee: 'the same `message_id` handled twice, the second time `unchanged`',
    inject: async (context) => ({
      'deaths between confirm and deletion': await each(context, speakers, 'after_confirm:kill:5'),
      'rows relayed': ({ counters }) => counters.relayed,
      'repetitions absorbed': ({ counters }) => counters.absorbed,
    }),
  },
  {
    number: 5,
    group: 'services',
    recoverWithinMs: ONE_DEATH_MS,
    fault: 'SIGKILL between two acks, with hundreds of messages under way',
    expected: 'only what is not acked comes again, and is absorbed',
    youWillSee: 'as many `attempt: 2` as were under way, not more',
    inject: async (context) => {
      context.load.setRate(60);
      const died = await each(context, ['order', 'inventory'], 'before_ack:kill:40');
      return {
        'deaths with 39 batches acked and one not': died,
        redelivered: ({ counters }) => counters.redelivered,
        // Had the acks been lost with the process, everything would have come again.
        'orders not touched by it': ({ counters, load }) => load.placed.size - counters.redelivered,
      };
    },
  },
  {
    number: 6,
    group: 'services',
    recoverWithinMs: ONE_DEATH_MS,
    fault: 'SIGKILL while an order is placed: before the commit, after it, before the answer',
    expected: 'exactly one order, and the same answer to the customer who asks again with the same key',
    youWillSee: 'a connection error; the repeated POST is answered with the order',
    inject: async (context) => {
      const points = ['before_commit/PlaceOrder:kill:3', 'after_commit/PlaceOrder:kill:3', 'before_response:kill:3'];
      for (const failpoint of points) await dieAndRecover(context, 'order', failpoint);
      const { load, system } = context;
      const asked = [...load.placed].slice(-20);
      let same = 0;
      for (const [orderId, { request, key }] of asked) {
        const again = await system.shop.place(request, { 'idempotency-key': key });
        if (again.order_id === orderId) same += 1;
      }
      if (same < asked.length) throw new Error(`${String(asked.length - same)} keys were answered with another order`);
      return {
        'deaths while placing an order': points.length,
        'requests repeated by customers': load.repeated(),
        'keys answered with the same order again': same,
      };
    },
  },
  {
    number: 7,
    group: 'services',
    recoverWithinMs: ONE_DEATH_MS,
    fault: 'SIGKILL while the bank is asked to charge: before the call, after it',
    expected: 'the lease runs out, the same key is asked again: charged at most once',
    youWillSee: 'orders that take some 4 s longer',
    quick: true,
    inject: async (context) => {
      const points = ['before_call:kill:3', 'after_call:kill:3'];
      for (const failpoint of points) await dieAndRecover(context, 'payment', failpoint);
      return {
        'deaths during a charge': points.length,
        'charges taken up again after their lease': () => context.system.sweptBy('payment'),
      };
    },
  },
  {
    number: 8,
    group: 'services',
    recoverWithinMs: ONE_DEATH_MS,
    fault: 'SIGKILL in REFUND_PENDING: before the refund, after it',
    expected: 'refunded exactly once, under its own key',
    youWillSee: 'a refund some 5 s late',
    inject: async (context) => {
      const points = ['before_refund:kill', 'after_refund:kill'];
      for (const failpoint of points) await dieAndRecover(context, 'payment', failpoint);
      return {
        'deaths during a refund': points.length,
        'refunds taken up again': () => context.system.sweptBy('payment'),
      };
    },
  },
  {
    number: 9,
    group: 'services',
    fault: 'SIGKILL of a random service every second, for a minute',
    expected: 'all invariants hold, no dead letters',
    youWillSee: 'supervisor lines with growing pauses; slow orders, none lost',
    inject: async ({ system, recovered }) => {
      const end = performance.now() + ROLLING_MS;
      let kills = 0;
      while (performance.now() < end) {
        const running = system.all.filter((service) => service.pid() !== undefined);
        const victim = running[Math.floor(Math.random() * running.length)];
        if (victim) {
          victim.signal('SIGKILL');
          kills += 1;
        }
        await pause(ROLLING_INTERVAL_MS);
      }
      await recovered();
      return { kills, redelivered: ({ counters }) => counters.redelivered, 'rows relayed': (e) => e.counters.relayed };
    },
  },
  {
    number: 53,
    group: 'services',
    fault: 'SIGTERM of each service under load (a deployment)',
    expected: 'drains within 10 s, and nothing that was handled comes again',
    youWillSee: '`stopping`, `stopped`, `started`; customers of order-service ask again for a second',
    quick: true,
    inject: async ({ system, recovered }) => {
      let slowestMs = 0;
      for (const short of shortNames) {
        slowestMs = Math.max(slowestMs, await system.services[short].restart());
        await recovered();
      }
      if (slowestMs > DRAIN_MAX_MS) throw new Error(`took ${String(slowestMs)} ms to drain`);
      return {
        'orderly ends': ({ entries }) => entries.count('"msg":"stopped"'),
        'messages handled again': { none: ({ entries }) => handledTwice(entries) },
      };
    },
  },
];

function handledTwice({ lines }: Entries): number {
  let twice = 0;
  for (const each of lines.values()) {
    const ids = each.flatMap(({ msg, message_id }) => (msg === 'handled' && message_id ? [message_id] : []));
    twice += ids.length - new Set(ids).size;
  }
  return twice;
}
