/**
 * A very small service: it hears OrderCompleted, OrderCancelled and OrderConfirmed, remembers each order, and publishes
 * PaymentVoided for its first event. The customer's id decides how an order is handled.
 */
import type { DomainEvent } from '@quadrille/shared-events';
import type { TestDatabase } from '@quadrille/test-kit';
import { pino } from 'pino';
import { z } from 'zod';
import {
  layFoundation,
  createParticipant,
  type CommonConfig,
  type Decision,
  type Foundation,
  type Participant,
  type ServiceTable,
  type Store,
} from '../src';
import type { Connect } from '../src/broker/link-options';

/** What the service knows about an order; undefined when it does not know the order. */
export type Seen = { readonly handled: number } | undefined;

/** The messages that it receives besides events. */
export type Own = { readonly type: 'Remind' } | { readonly type: 'Answer' } | { readonly type: 'Touch' };

/** Its only effect. */
export interface Call {
  readonly type: 'Call';
}

type Heard = 'OrderCompleted' | 'OrderCancelled' | 'OrderConfirmed';
type Message = DomainEvent<Heard> | Own;

/** Handling an order of this customer throws. */
export const POISON = 'poison';
/** Orders of this customer set a timer of one second. */
export const LATER = 'later';
/** Orders of this customer request an effect. */
export const CALLER = 'caller';

const nothing = { events: [], effects: [], delayed: [] };

const hear = (state: Seen, event: DomainEvent<Heard>): Decision<Seen, Call, Own> => {
  const { orderId, customerId } = event.data;
  if (customerId === POISON) throw new Error('this customer is poison');
  if (state) return { ...nothing, state, outcome: 'unchanged: seen already' };
  const seen = { state: { handled: 1 }, outcome: 'seen' };
  if (customerId === LATER) return { ...nothing, ...seen, delayed: [{ delayMs: 1_000, message: { type: 'Remind' } }] };
  if (customerId === CALLER) return { ...nothing, ...seen, effects: [{ type: 'Call' }] };
  return { ...nothing, ...seen, events: [{ type: 'PaymentVoided', data: { orderId, customerId } }] };
};

const count = (state: Seen): Decision<Seen, Call, Own> => ({
  ...nothing,
  state: { handled: (state?.handled ?? 0) + 1 },
  outcome: 'counted',
});

/** The table of the fake service. */
export const table: ServiceTable<Seen, Heard, Own, Call> = {
  name: 'payment-service',
  hears: { OrderCompleted: hear, OrderCancelled: hear, OrderConfirmed: hear },
  inputs: { Remind: count, Answer: count, Touch: count },
  lingers: ['OrderCancelled', 'OrderConfirmed'],
  lowPriority: ['OrderConfirmed'],
  publishes: ['PaymentVoided'],
  delaysMs: [1_000],
};

/** Its neighbour: hears its events in a queue, and publishes the events that it hears. */
export const neighbour = {
  name: 'order-service',
  hears: { PaymentVoided: undefined },
  publishes: ['OrderCompleted', 'OrderCancelled', 'OrderConfirmed'] as const,
  lowPriority: [],
  delaysMs: [],
};

/** The states in one table; `decided` counts decisions, changed or not. */
const createStore = (beforeLoad: () => Promise<void>): Store<Seen, Message> => ({
  load: async (tx, inputs) => {
    await beforeLoad();
    const keys = inputs.map(({ key }) => key);
    const { rows } = await tx.query<{ order_id: string; handled: number }>(
      'SELECT order_id, handled FROM seen WHERE order_id = ANY($1)',
      [keys],
    );
    const states = new Map<string, Seen>(rows.map(({ order_id, handled }) => [order_id, { handled }]));
    const changed = new Set<string>();
    return {
      get: (key) => states.get(key),
      put: ({ key }, state, isChanged) => {
        states.set(key, state);
        if (isChanged) changed.add(key);
      },
      save: () => {
        const ids = [...changed];
        const saved = tx.query(
          `INSERT INTO seen (order_id, handled) SELECT * FROM unnest($1::text[], $2::int[])
          ON CONFLICT (order_id) DO UPDATE SET handled = excluded.handled`,
          [ids, ids.map((id) => states.get(id)?.handled ?? 0)],
        );
        return [saved];
      },
    };
  },
});

/** Creates the table of states. */
export async function prepare(database: TestDatabase): Promise<void> {
  const { pool } = layFoundation('test', configOf('amqp://127.0.0.1', database.url), pino({ level: 'silent' }));
  await pool.query('CREATE TABLE seen (order_id text PRIMARY KEY, handled int NOT NULL)');
  await pool.end();
}

/** The configuration of a service between these two servers. */
export const configOf = (brokerUrl: string, databaseUrl: string): CommonConfig => ({
  HOST: '127.0.0.1',
  LOG_LEVEL: 'silent',
  DATABASE_URL: databaseUrl,
  DATABASE_POOL_SIZE: 8,
  RABBITMQ_URL: brokerUrl,
  CURRENCY: 'USD',
  HEALING_AFTER_MS: 30_000,
});

/** A fake service. */
export interface FakeService extends Foundation {
  readonly participant: Participant<Seen, Message>;
  /** How often each of these orders was decided; orders that the service does not know are left out. */
  handled(orderIds: readonly string[]): Promise<readonly number[]>;
  /** Stops it and closes its pool. */
  stop(): Promise<void>;
  /** The sum of a counter (of a histogram: `<name>_count` or `<name>_sum`), over all labels or those that are named. */
  counted(metric: string, labels?: Record<string, string>): Promise<number>;
}

/** What a test may do inside the service. */
export interface Hooks {
  /** Runs in every batch's transaction, before its states are read. */
  readonly beforeLoad?: () => Promise<void>;
  readonly perform?: () => Promise<void>;
  readonly connect?: Connect;
}

/** Creates the service and starts it. */
export function startFake(brokerUrl: string, databaseUrl: string, hooks: Hooks = {}): FakeService {
  const service = createFake(brokerUrl, databaseUrl, hooks);
  service.participant.start();
  return service;
}

/** Creates the service. */
export function createFake(brokerUrl: string, databaseUrl: string, hooks: Hooks = {}): FakeService {
  const config = configOf(brokerUrl, databaseUrl);
  const foundation = layFoundation(table.name, config, pino({ level: process.env['TEST_LOG_LEVEL'] ?? 'silent' }));
  const participant = createParticipant<Seen, Heard, Own, Call>({
    ...foundation,
    table,
    config,
    connect: hooks.connect,
    store: createStore(hooks.beforeLoad ?? (() => Promise.resolve())),
    own: z.object({ type: z.literal('Remind') }),
    perform: async () => {
      await hooks.perform?.();
      return { type: 'Answer' };
    },
    overdue: () => Promise.resolve([]),
  });
  return {
    ...foundation,
    participant,
    handled: async (orderIds) => {
      const { rows } = await foundation.pool.query<{ handled: number }>(
        'SELECT handled FROM seen WHERE order_id = ANY($1)',
        [orderIds],
      );
      return rows.map(({ handled }) => handled);
    },
    stop: async () => {
      await participant.stop();
      await foundation.pool.end();
    },
    counted: async (metric, labels = {}) => {
      const text = await foundation.metrics.registry.getSingleMetricAsString(metric.replace(/_(count|sum)$/, ''));
      const lines = text.split('\n').filter((line) => line.startsWith(`${metric}{`) || line.startsWith(`${metric} `));
      const matching = lines.filter((line) =>
        Object.entries(labels).every(([name, value]) => line.includes(`${name}="${value}"`)),
      );
      return matching.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
    },
  };
}
