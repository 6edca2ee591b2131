/** Parked messages as text. Their content is untrusted: no control character in it reaches the terminal. */
import { textTable } from '../text-table';
import type { Parked } from './parked';

/** Longest reason in the table; `show` has all of it. */
const REASON_SHOWN = 60;

/** How many bytes of a binary body are shown. */
const BYTES_SHOWN = 256;

/** Width of the names before the values of `show`. */
const NAME_WIDTH = 22;

// Control characters, and those that change the direction of text.
const UNPRINTABLE = /[\p{Cc}\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;

const printable = (text: string): string => text.replace(UNPRINTABLE, '·');
const shortened = (text: string): string => (text.length > REASON_SHOWN ? `${text.slice(0, REASON_SHOWN - 1)}…` : text);
const timeOf = ({ since }: Parked): string => since?.toISOString().slice(0, 19).replace('T', ' ') ?? 'unknown';

const HEADINGS = ['Service', 'Queue', 'Event', 'Order', 'Reason', 'Since (UTC)', 'Times', 'Id'];

/** One line for each message. */
export function parkedTable(found: readonly Parked[]): string[] {
  const rows = found.map((parked) =>
    [
      parked.service,
      parked.queue,
      parked.event,
      parked.orderId || '-',
      shortened(parked.reason),
      timeOf(parked),
      String(parked.replays + 1),
      parked.messageId,
    ].map(printable),
  );
  const { head, lines } = textTable(HEADINGS, rows, ['Times']);
  return [...head, ...lines];
}

/** The body as lines: JSON indented, other text as it is, anything else in hexadecimal. */
function bodyOf(content: Buffer): string[] {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(content);
    try {
      return JSON.stringify(JSON.parse(text), null, 2).split('\n');
    } catch {
      return text.split('\n');
    }
  } catch {
    const hex = content
      .subarray(0, BYTES_SHOWN)
      .toString('hex')
      .replace(/(.{64})/g, '$1\n');
    return [...hex.trimEnd().split('\n'), `(${String(content.length)} bytes that are no text)`];
  }
}

/** The whole message. */
export function parkedMessage(parked: Parked): string[] {
  const { properties, content } = parked.raw;
  const line = (name: string, value: unknown) =>
    `  ${printable(name).padEnd(NAME_WIDTH)}  ${printable(typeof value === 'string' ? value : JSON.stringify(value))}`;
  const named = Object.entries(properties).filter(([name, value]) => name !== 'headers' && value !== undefined);
  return [
    line('id', parked.messageId),
    line('parked in', `${parked.service}.${parked.queue}`),
    line('since', parked.since?.toISOString() ?? 'unknown'),
    line('reason', parked.reason),
    line('came from', `exchange ${parked.origin.exchange || '(default)'}, routing key ${parked.origin.routingKey}`),
    line('replayed', parked.replays === 1 ? 'once' : `${String(parked.replays)} times`),
    ...parked.history.map((entry) => line('', entry)),
    '',
    '  Properties',
    ...named.map(([name, value]) => line(name, value)),
    '',
    '  Headers',
    ...Object.entries(properties.headers ?? {}).map(([name, value]) => line(name, value)),
    '',
    `  Body, ${String(content.length)} bytes`,
    ...bodyOf(content).map((text) => `  ${printable(text)}`),
  ];
}
