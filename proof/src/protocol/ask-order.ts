/** Asks order-service's table about every reachable state of an order, and every message. */
import { decideBy } from '@quadrille/service-chassis';
import type { DomainEvent, EventType } from '@quadrille/shared-events';
import { service as orderService } from '@quadrille/order-service';
import type { OrderCommand } from '@quadrille/order-service/src/domain/decide';
import { isSettled, type Order } from '@quadrille/order-service/src/domain/order';
import { eventOf, orderOf } from '../model/saga';
import { ages, answered, kindOf, type Asked, type Facts } from './asked';

type Table = typeof orderService;
type Message = DomainEvent<keyof Table['hears']> | OrderCommand;

interface Situation {
  readonly order: Order | undefined;
  readonly facts: Facts;
  readonly age: string;
}

/** An order as the model names it: heard of all attempts or of none, young or old. */
const situationsOf = (name: string): Situation[] =>
  ages.flatMap(({ age, stale }) =>
    [undefined, 0].map((attempts) => {
      const order: Order = { ...orderOf(name, { stale }), ...(attempts === undefined ? {} : { attempts }) };
      const facts = {
        settled: isSettled(order) ? 'settled' : 'not settled',
        deadline: order.clock.deadlinePassed ? 'its deadline has passed' : 'its deadline has not passed',
      };
      return { order, facts, age };
    }),
  );

const nothing: Situation = {
  order: undefined,
  facts: { settled: 'not settled', deadline: 'its deadline has not passed' },
  age: 'younger than 30 s',
};

/** One message, and what matters about it besides its type. */
interface Variant {
  readonly message: Message;
  readonly facts: Facts;
}

const samples = (order: Order): readonly Message[] => [
  { type: 'PlaceOrder', order },
  { type: 'PlaceOrder', order: { ...order, requestHash: 'another' } },
  { type: 'CancelOrder' },
  { type: 'CompleteOrder' },
  { type: 'OrderOverdue' },
];

const released = [
  { event: eventOf('InventoryReleased', { reason: 'GATEWAY_UNAVAILABLE' }), why: 'because the payment failed' },
  { event: eventOf('InventoryReleased', { reason: 'CUSTOMER_REQUEST' }), why: 'because the order was cancelled' },
];

function variantsOf(table: Table): readonly Variant[] {
  const heard = Object.keys(table.hears) as EventType[]; // the keys of `hears` are event types by its type
  return [
    ...heard.flatMap((type): readonly Variant[] =>
      type === 'InventoryReleased'
        ? released.map(({ event, why }) => ({ message: event, facts: { released: why } }))
        : // Only events of the table's own keys are handed to it.
          [{ message: eventOf(type) as Message, facts: { released: '' } }],
    ),
    ...samples(orderOf('PENDING none none', { stale: false })).map((message) => ({ message, facts: { released: '' } })),
  ];
}

/** What order-service decides, for every one of these states and every message of its table. */
export function askOrder(names: readonly string[], table: Table = orderService): Asked[] {
  const decide = decideBy(table);
  const situations = [nothing, ...names.flatMap(situationsOf)];
  return situations.flatMap(({ order, facts, age }) =>
    variantsOf(table).map((variant) => {
      const decision = decide(order, variant.message);
      // Whether a message is news to an order is for its decision to say.
      const news = kindOf(order, decision) === 'notes' ? 'it is news' : 'it is no news';
      const question = {
        state: order?.status ?? 'NONE',
        message: variant.message.type,
        facts: { ...facts, ...variant.facts, news, age },
      };
      return answered(question, order, decision, decision.state?.status ?? 'NONE');
    }),
  );
}
