/** What came of a run, as lines for a person. */
import { services, shortNames } from '@quadrille/operator/src/services';
import { textTable } from '@quadrille/operator/src/text-table';
import { holds, report } from '@quadrille/operator/src/verify/report';
import type { FuzzResult } from './fuzz';

const MS_PER_S = 1_000;
const number = (value: number) => value.toLocaleString('en-US');

/** Whether nothing at all was wrong. */
export const isSound = ({ http, faults, verdict }: FuzzResult): boolean =>
  http.faultCount === 0 && faults.length === 0 && holds(verdict);

/** The tables, what was wrong and how to see it again, and the verdict. */
export function fuzzReport(result: FuzzResult, again: string): string[] {
  const { http, messages, goodOrders, verdict, memory, faults, tookMs } = result;
  const statuses = [...new Set(http.seen.flatMap((seen) => [...seen.statuses.keys()]))].sort((a, b) => a - b);
  const names = statuses.map((status) => (status === 0 ? 'none' : String(status)));
  const operations = textTable(
    ['Operation', 'Requests', ...names, 'Slowest'],
    http.seen.map(({ operation, requests, statuses: seen, slowestMs }) => [
      `${operation.method} ${operation.path}${operation.tag === 'health' ? ` (${operation.service})` : ''}`,
      number(requests),
      ...statuses.map((status) => number(seen.get(status) ?? 0)),
      `${String(Math.round(slowestMs))} ms`,
    ]),
    ['Requests', ...names, 'Slowest'],
  );
  const queues = textTable(
    ['Queue', 'Messages'],
    [...messages.sent].sort().map(([queue, sent]) => [queue, number(sent)]),
    ['Messages'],
  );
  const requests = http.seen.reduce((sum, seen) => sum + seen.requests, 0);
  const sent = [...messages.sent.values()].reduce((sum, each) => sum + each, 0);
  const grown = shortNames.map((name) => `${services[name].table.name} ${memory[name].join(' to ')}`).join(', ');
  return [
    ...operations.head,
    ...operations.lines,
    '',
    ...queues.head,
    ...queues.lines,
    '',
    ...report(verdict),
    '',
    ...http.faults.flatMap(({ what, curl }) => [`  ✗ ${what}`, `      ${curl}`]),
    ...(http.faultCount > http.faults.length ? [`  ✗ and ${number(http.faultCount - http.faults.length)} more`] : []),
    ...faults.map((fault) => `  ✗ ${fault}`),
    `  Resident memory in MiB, warm and at the end: ${grown}`,
    `  ${number(requests)} requests, ${number(http.faultCount)} answered wrongly; ${number(sent)} messages, ${number(messages.poison)} unreadable and parked; ${number(goodOrders)} good orders`,
    `  ${isSound(result) ? 'Sound' : 'NOT sound'} after ${(tookMs / MS_PER_S).toFixed(1)} s. The same again: ${again}`,
  ];
}
