/** A trace as a message diagram in plain text: a column for each service and the gateway, time running down. */
import type { EventType } from '@quadrille/shared-events';
import { eventTypes } from '@quadrille/shared-events';
import type { Moment, Trace } from './explore';
import { lifelineOf, lifelines, tellsTheCustomer, type Lifeline, type Stroke } from './happenings';
import { stockLevels, type Participant } from './saga';
import { bitOf, type World } from './world';

/** Columns are so many characters apart: the longest event's name and an arrow fit between two neighbours. */
const SPACING = 25;
/** Room for the number of the step and the letter of the order. */
const GUTTER = 8;
const PARTICIPANTS: readonly Participant[] = ['order', 'inventory', 'payment'];

const placeOf = (lifeline: Lifeline) => GUTTER + lifelines.indexOf(lifeline) * SPACING;

/** Writes over a line from a place on. */
const write = (line: string, place: number, text: string) =>
  line.slice(0, place).padEnd(place) + text + line.slice(place + text.length);

const bare = () => lifelines.reduce((line, lifeline) => write(line, placeOf(lifeline), '│'), '');

function drawArrow(from: Lifeline, to: Lifeline, text: string, isLost: boolean): string {
  const [left, right] = [placeOf(from), placeOf(to)].sort((a, b) => a - b) as [number, number];
  const room = right - left - 1;
  const goesRight = placeOf(to) === right;
  const name = ` ${text} `;
  // The name is beside the sender, so that long arrows can be followed from either end.
  const shaft = goesRight ? `─${name}`.padEnd(room, '─') : `${name}─`.padStart(room, '─');
  const head = isLost ? '✗' : goesRight ? '▶' : '◀';
  const arrow = goesRight ? shaft.slice(0, -1) + head : head + shaft.slice(1);
  return write(bare(), left + 1, arrow);
}

const drawNote = (at: Lifeline, text: string) => write(bare(), placeOf(at), `● ${text}`);

const drawStroke = (stroke: Stroke) =>
  'at' in stroke
    ? drawNote(stroke.at, stroke.text)
    : drawArrow(stroke.from, stroke.to, stroke.text, stroke.lost ?? false);

/** What is said of a participant: its state, and the stock where it moved. */
function stateText(participant: Participant, before: World, after: World): string | undefined {
  const stockMoved = participant === 'inventory' && after.stock !== before.stock;
  if (after[participant] === before[participant] && !stockMoved) return undefined;
  const state = after[participant].replace(/ none\b/g, '');
  return stockMoved ? `${state}, ${stockText(after.stock)}` : state;
}

function stockText(stock: string): string {
  const { available, reserved, committed } = stockLevels(stock);
  return `${String(available)} on sale, ${String(reserved)} held, ${String(committed)} sold`;
}

/** The news for the customer: events of this step that were not published before. */
const news = (before: World, after: World): EventType[] =>
  eventTypes.filter((type) => tellsTheCustomer.has(type) && (after.sent & ~before.sent & bitOf(type)) !== 0);

function drawMoment({ order, happening, worlds }: Moment, index: number, before: World, isOne: boolean): string[] {
  const after = worlds[order] ?? before;
  const lines = [
    ...happening.strokes.map(drawStroke),
    ...PARTICIPANTS.flatMap((participant) => {
      const text = stateText(participant, before, after);
      return text === undefined ? [] : [drawNote(participant, text)];
    }),
    ...news(before, after).map((type) => drawArrow(lifelineOf(type), 'notification', type, false)),
  ];
  const letter = isOne ? '' : ` ${orderLetter(order)}`;
  return lines.map((line, at) => (at === 0 ? write(line, 0, `${String(index + 1).padStart(3)}${letter}`) : line));
}

const orderLetter = (order: number) => String.fromCharCode('A'.charCodeAt(0) + order);

/** The lines of the diagram. With several orders, each step is marked with the letter of its order. */
export function diagram({ beginning, moments }: Trace): string[] {
  const head = lifelines.reduce((line, lifeline) => write(line, placeOf(lifeline), lifeline), '');
  const start = beginning[0] ? [drawNote('inventory', stockText(beginning[0].stock))] : [];
  const isOne = beginning.length === 1;
  let worlds = beginning;
  const lines = moments.flatMap((moment, index) => {
    const before = worlds[moment.order];
    worlds = moment.worlds;
    return before ? drawMoment(moment, index, before, isOne) : [];
  });
  return [head, ...start, ...lines, bare()].map((line) => line.trimEnd());
}
