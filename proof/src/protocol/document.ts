/** docs/protocol.md: the hand-written template, with what the tables say in the places that it names. */
import { isSettled, inventoryFacets, paymentFacets } from '@quadrille/order-service/src/domain/order';
import { ATTEMPTS_MAX, RETRY_DELAYS_MS } from '@quadrille/payment-service/src/domain/payment';
import { invariants } from '@quadrille/operator/src/verify/facts';
import { markdownTable } from '../markdown-table';
import { legalOutcomes } from '../model/outcomes';
import { conditionOf } from './condition';
import { eventTable, inWords } from './event-table';
import type { Row } from './rows';
import { stateTable } from './state-table';
import type { Decided } from './tables';
import {
  inventoryInputs,
  notificationEffects,
  notificationInputs,
  notificationStates,
  orderInputs,
  orderStates,
  paymentEffects,
  paymentInputs,
  paymentStates,
  reservationStates,
} from './words';

const MS_PER_S = 1_000;

const words = (heading: string, entries: Readonly<Record<string, string>>) =>
  markdownTable([heading, 'Means'], Object.entries(entries));

const inputTable = (): string =>
  markdownTable(
    ['Service', 'Input', 'From', 'Says'],
    Object.entries({
      order: orderInputs,
      inventory: inventoryInputs,
      payment: paymentInputs,
      notification: notificationInputs,
    }).flatMap(([service, inputs]) =>
      Object.entries(inputs).map(([name, { from, says }]) => [service, name, from, says]),
    ),
  );

const statuses = Object.keys(orderStates).filter((status) => status !== 'NONE') as Parameters<
  typeof isSettled
>[0]['status'][]; // the words' keys are exactly the statuses and NONE

/** When an order of each status is settled, asked of the rule itself for all that may have been heard. */
function settledTable(): string {
  const facets = inventoryFacets.flatMap((inventory) => paymentFacets.map((payment) => ({ inventory, payment })));
  const when = (status: (typeof statuses)[number]) => {
    const facts = facets.map(({ inventory, payment }) => ({
      settled: isSettled({ status, inventory, payment }),
      words: { inventory: `inventory: ${inventory}`, payment: `payment: ${payment}` },
    }));
    const of = (settled: boolean) => facts.filter((each) => each.settled === settled).map((each) => each.words);
    if (of(true).length === 0) return 'never';
    return of(false).length === 0 ? 'always' : conditionOf(of(true), of(false));
  };
  return markdownTable(
    ['Status', 'Settled'],
    statuses.map((status) => [status, when(status)]),
  );
}

const tellingTable = ({ tellings }: Decided): string =>
  markdownTable(
    ['Hears', 'Tells, once', 'As in', 'Tells nothing when this was told before'],
    tellings.map(({ event, kind, subject, silencedBy }) => [event, kind, `"${subject}"`, inWords(silencedBy)]),
  );

/** Who hears a repeated message, asks again, or says again: the rows of all services that a condition picks. */
const rowsOfAll = (decided: Decided, isMeant: (row: Row) => boolean) =>
  (['order', 'inventory', 'payment', 'notification'] as const).flatMap((service) =>
    decided[service].filter(isMeant).map((row) => ({ service, row })),
  );

const repeatTable = (decided: Decided): string =>
  markdownTable(
    ['Service', 'State', 'Hears again', 'Says again'],
    rowsOfAll(decided, ({ kind }) => kind === 'repeats').map(({ service, row }) => [
      service,
      row.state,
      row.messages.join(', '),
      row.publishes.join(', '),
    ]),
  );

/** What the sweepers say. */
const isOverdue = (message: string) => message.endsWith('Overdue');

const nudgeTable = (decided: Decided): string =>
  markdownTable(
    ['Service', 'State', 'When', 'Next', 'Publishes', 'Performs'],
    rowsOfAll(decided, ({ kind, messages }) => kind === 'changes' && messages.some(isOverdue)).map(
      ({ service, row }) => [
        service,
        row.state,
        row.condition,
        [row.next, ...row.gains].join(', '),
        row.publishes.join(', '),
        row.performs.join(', '),
      ],
    ),
  );

const endTable = (): string =>
  markdownTable(
    ['Order', 'Reservation', 'Payment', 'Money'],
    legalOutcomes.map((outcome) => outcome.split(' | ').map((part) => part.replace(/^money /, ''))),
  );

const invariantList = (): string =>
  Object.entries(invariants)
    .map(([number, { name, promise }]) => `${number}. **${name}**: ${promise}`)
    .join('\n');

/** What stands in the places of the template. */
const partsOf = (decided: Decided): Readonly<Record<string, string>> => ({
  events: eventTable(),
  inputs: inputTable(),
  'order states': words('State', orderStates),
  'order table': stateTable(decided.order),
  'settled table': settledTable(),
  'reservation states': words('State', reservationStates),
  'reservation table': stateTable(decided.inventory),
  'payment states': words('State', paymentStates),
  'payment effects': words('Effect', paymentEffects),
  'payment table': stateTable(decided.payment),
  'retry delays': RETRY_DELAYS_MS.map((ms) => String(ms / MS_PER_S)).join(', '),
  attempts: String(ATTEMPTS_MAX),
  tellings: tellingTable(decided),
  'notification states': words('State', notificationStates),
  'notification effects': words('Effect', notificationEffects),
  'notification table': stateTable(decided.notification),
  'repeat table': repeatTable(decided),
  'nudge table': nudgeTable(decided),
  'end table': endTable(),
  invariants: invariantList(),
});

/** The document. Throws for a place that nothing belongs into, and for a part that has no place. */
export function protocolDocument(template: string, decided: Decided): string {
  const parts = new Map(Object.entries(partsOf(decided)));
  const text = template.replace(/<!-- (.+?) -->/g, (place, name: string) => {
    const part = parts.get(name);
    if (part === undefined) throw new Error(`nothing belongs into ${place}`);
    parts.delete(name);
    return part;
  });
  if (parts.size > 0) throw new Error(`the template has no place for: ${[...parts.keys()].join(', ')}`);
  return text;
}
