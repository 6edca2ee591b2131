/** `npm run verify -- --stuck`: explains the orders that wait beyond their time. */
import { Pool } from 'pg';
import { openParkingLot } from '../dead-letters/parking-lot';
import { shortNames, type ShortName } from '../services';
import type { VerifyAddresses } from '../verify/verify';
import { explain, type Explanation } from './explain';
import { EXPLAINED_MAX, readQueues, readStuck } from './read';

/** Finds and explains the orders that wait beyond their time, the longest waiting first. Changes nothing. */
export async function findStuck({
  databases,
  amqp,
}: Pick<VerifyAddresses, 'databases' | 'amqp'>): Promise<Explanation[]> {
  const pool = (name: ShortName) => {
    const opened = new Pool({ connectionString: databases[name], max: 2, application_name: 'quadrille-verify' });
    opened.on('error', () => undefined); // the query that needs the connection fails as well
    return opened;
  };
  const pools = {
    order: pool('order'),
    inventory: pool('inventory'),
    payment: pool('payment'),
    notification: pool('notification'),
  };
  // The parking lot is used for listing only.
  const lot = await openParkingLot(amqp, () => Promise.resolve());
  try {
    const [facts, queues] = [await readStuck(pools, await lot.list({})), await readQueues(amqp)];
    return facts.map((each) => explain(each, queues)).sort((a, b) => b.waitingSeconds - a.waitingSeconds);
  } finally {
    await Promise.all([lot.close(), ...shortNames.map((name) => pools[name].end())]);
  }
}

/** Width of the names of the lines under an order. */
const NAME_WIDTH = 'in the way'.length;

function lines({ orderId, status, waitingSeconds, waitsFor, heals, inTheWay, traceId }: Explanation): string[] {
  const part = (name: string, texts: readonly string[]) =>
    texts
      .flatMap((text) => text.split('\n'))
      .map((text, index) => `      ${(index === 0 ? name : '').padEnd(NAME_WIDTH)}  ${text}`);
  return [
    `  ${orderId}  ${status}, nothing has changed for ${String(waitingSeconds)} s`,
    ...part('waits for', [waitsFor]),
    ...part('heals by', heals.length > 0 ? heals : ['nothing that happens by itself']),
    ...part('in the way', inTheWay),
    ...part('trace', [traceId ?? 'none']),
    '',
  ];
}

/** The explanations as lines of text. */
export function stuckReport(found: readonly Explanation[]): string[] {
  if (found.length === 0) return ['  Nothing waits beyond its time.'];
  const orders = found.length === 1 ? '1 order waits' : `${String(found.length)} orders wait`;
  const more = found.length >= EXPLAINED_MAX ? ' There may be more of them.' : '';
  return [...found.flatMap(lines), `  ${orders} beyond ${found.length === 1 ? 'its' : 'their'} time.${more}`];
}
