/** Asks inventory-service's table about every reachable state of a reservation, and every message. */
import { decideBy } from '@quadrille/service-chassis';
import type { DomainEvent, EventType } from '@quadrille/shared-events';
import { service as inventoryService } from '@quadrille/inventory-service';
import type { ReservationCommand } from '@quadrille/inventory-service/src/domain/decide';
import type { ReservationState } from '@quadrille/inventory-service/src/domain/reservation';
import { eventOf, reservationOf, stockName } from '../model/saga';
import { ages, answered, type Asked } from './asked';

type Table = typeof inventoryService;
type Message = DomainEvent<keyof Table['hears']> | ReservationCommand;

const AVAILABLE = 'every line is available';
const AT_FAULT = 'some line is at fault';

/** One unit, where a reservation of this status has it. */
function unitOf(name: string): string {
  const holds = { available: 0, reserved: 0, committed: 0 };
  if (name === 'RESERVED') return stockName({ units: 1, ...holds, reserved: 1 });
  if (name === 'COMMITTED') return stockName({ units: 1, ...holds, committed: 1 });
  return stockName({ units: 1, ...holds, available: 1 });
}

const orderCreated = eventOf('OrderCreated');
const dearer = eventOf('OrderCreated', {
  items: orderCreated.data.items.map((line) => ({ ...line, unitPriceMinor: (line.unitPriceMinor ?? 0) + 1 })),
});
const soldOut = stockName({ units: 0, available: 0, reserved: 0, committed: 0 });

/** A reservation of this status hears an order. Where there is none yet, every fault that a line may have is tried. */
function ordersFor(name: string, stale: boolean) {
  const state = reservationOf(name, unitOf(name), { stale });
  const available = { state, message: orderCreated, lines: AVAILABLE };
  if (name !== 'NONE') return [available];
  return [
    available,
    { state: { ...state, stock: new Map() }, message: orderCreated, lines: AT_FAULT },
    { state, message: dearer, lines: AT_FAULT },
    { state: reservationOf(name, soldOut, { stale }), message: orderCreated, lines: AT_FAULT },
  ];
}

/** Where the units of the stock went, in words. */
function moved(before: ReservationState, after: ReservationState): string[] {
  const levels = ['available', 'reserved', 'committed'] as const;
  return [...after.stock].flatMap(([productId, product]) => {
    const earlier = before.stock.get(productId) ?? product;
    const from = levels.find((level) => product[level] < earlier[level]);
    const to = levels.find((level) => product[level] > earlier[level]);
    return from && to ? [`units from ${from} to ${to}`] : [];
  });
}

/** What inventory-service decides, for every one of these states and every message of its table. */
export function askInventory(names: readonly string[], table: Table = inventoryService): Asked[] {
  const decide = decideBy(table);
  const heard = Object.keys(table.hears) as EventType[]; // the keys of `hears` are event types by its type
  const overdue: Message = { type: 'ReservationOverdue' };
  return names.flatMap((name) =>
    ages.flatMap(({ age, stale }) => {
      const state = reservationOf(name, unitOf(name), { stale });
      const others = heard.filter((type) => type !== 'OrderCreated').map((type) => eventOf(type) as Message); // as above
      return [
        ...ordersFor(name, stale),
        ...[...others, overdue].map((message) => ({ state, message, lines: AVAILABLE })),
      ].map(({ state: before, message, lines }) => {
        const decision = decide(before, message);
        const question = { state: name, message: message.type, facts: { lines, age } };
        const has = moved(before, decision.state);
        return answered(question, before, decision, decision.state.reservation?.status ?? 'NONE', { had: [], has });
      });
    }),
  );
}
