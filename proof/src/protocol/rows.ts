/**
 * From answers to the rows of a state table: what is alike is one row, and what changes nothing is one for each state.
 */
import type { Asked } from './asked';
import { conditionOf } from './condition';

/** One row of a state table. */
export interface Row {
  readonly state: string;
  /** Names of messages; empty for all others. */
  readonly messages: readonly string[];
  /** In words; empty for always. */
  readonly condition: string;
  readonly kind: Asked['kind'];
  readonly next: string;
  /** What else it remembers from now on. */
  readonly gains: readonly string[];
  readonly publishes: readonly string[];
  readonly performs: readonly string[];
  /** What it is reminded of, and after how long. */
  readonly reminders: readonly { readonly type: string; readonly delaysMs: readonly number[] }[];
  readonly outcomes: readonly string[];
}

const unique = <Value>(values: readonly Value[]): Value[] => [...new Set(values)];

/** Groups in the order in which their first members turn up. */
function groupBy<Value>(values: readonly Value[], keyOf: (value: Value) => string): Value[][] {
  const groups = new Map<string, Value[]>();
  for (const value of values) {
    const key = keyOf(value);
    const group = groups.get(key);
    if (group) group.push(value);
    else groups.set(key, [value]);
  }
  return [...groups.values()];
}

/** Answers of one key are one row, whatever their outcome is called. */
const consequence = ({ kind, next, publishes, performs, reminders }: Asked): string =>
  JSON.stringify([kind, next, publishes, performs, reminders.map(({ type }) => type)]);

/** What is remembered after all of these decisions, and was not before some. */
const gainsOf = (group: readonly Asked[]): string[] =>
  unique(group.flatMap(({ has }) => has)).filter(
    (mark) => group.every(({ has }) => has.includes(mark)) && group.some(({ had }) => !had.includes(mark)),
  );

const remindersOf = (group: readonly Asked[]): Row['reminders'] =>
  groupBy(
    group.flatMap(({ reminders }) => reminders),
    ({ type }) => type,
  ).map((alike) => ({ type: alike[0]?.type ?? '', delaysMs: unique(alike.map(({ delayMs }) => delayMs)) }));

function rowOf(group: readonly [Asked, ...Asked[]], condition: string): Row {
  const [{ state, message, kind, next, publishes, performs }] = group;
  return {
    state,
    messages: [message],
    condition,
    kind,
    next,
    gains: gainsOf(group),
    publishes,
    performs,
    reminders: remindersOf(group),
    outcomes: unique(group.map(({ outcome }) => outcome)),
  };
}

/** The rows of one state and one message, what changes nothing included: one for each consequence. */
function rowsOfMessage(answers: readonly Asked[]): Row[] {
  return groupBy(answers, consequence).flatMap((group) => {
    const [first, ...rest] = group;
    if (!first) return [];
    const others = answers.filter((answer) => !group.includes(answer));
    const condition = conditionOf(
      group.map(({ facts }) => facts),
      others.map(({ facts }) => facts),
    );
    return [rowOf([first, ...rest], condition)];
  });
}

/** One row instead of several: of all their messages and outcomes, otherwise as the first one. */
function merge(rows: readonly Row[], changes: Partial<Row> = {}): Row[] {
  const [first] = rows;
  if (!first) return [];
  return [
    {
      ...first,
      messages: unique(rows.flatMap(({ messages }) => messages)),
      outcomes: unique(rows.flatMap(({ outcomes }) => outcomes)),
      ...changes,
    },
  ];
}

const alike = (row: Row): string => JSON.stringify({ ...row, messages: [] });

/** The rows of one state: what moves it, what it publishes again, what it notes, and last all that changes nothing. */
function rowsOfState(answers: readonly Asked[]): Row[] {
  const rows = groupBy(answers, ({ message }) => message).flatMap(rowsOfMessage);
  const of = (kind: Row['kind']) => rows.filter((row) => row.kind === kind);
  return [
    ...groupBy(of('changes'), alike).flatMap((group) => merge(group)),
    ...groupBy(of('repeats'), alike).flatMap((group) => merge(group)),
    ...groupBy(of('notes'), ({ next }) => next).flatMap((group) => merge(group, { condition: 'it is news' })),
    ...merge(of('nothing'), { messages: [], condition: '' }),
  ];
}

/** The rows of a state table. The states are in the order of `states`, and all of them must be among these. */
export function rowsOf(states: readonly string[], answers: readonly Asked[]): Row[] {
  const strange = answers.find(({ state, next }) => !states.includes(state) || !states.includes(next));
  if (strange) throw new Error(`no words for a state: ${strange.state} or ${strange.next}`);
  return states.flatMap((state) => rowsOfState(answers.filter((answer) => answer.state === state)));
}
