/** Runs one service of the baseline: `node dist/bench/baseline.js order`, with DATABASE_URL, RABBITMQ_URL and PORT. */
import { pino } from 'pino';
import { z } from 'zod';
import { openBus } from './bus';
import { runInventory } from './inventory';
import { runNotifications } from './notification';
import { runOrders } from './order';
import { runPayments } from './payment';

const environment = z
  .object({ DATABASE_URL: z.string(), RABBITMQ_URL: z.string(), PORT: z.coerce.number() })
  .parse(process.env);
const name = z.enum(['order', 'inventory', 'payment', 'notification']).parse(process.argv[2]);

async function main(): Promise<void> {
  const { DATABASE_URL: database, RABBITMQ_URL: broker, PORT: port } = environment;
  const log = pino({ base: { service: `baseline ${name}` } });
  const bus = await openBus(broker, `${name}-service`, log);
  if (name === 'order') await runOrders(database, bus, log, port);
  if (name === 'inventory') await runInventory(database, bus);
  if (name === 'payment') await runPayments(database, bus);
  if (name === 'notification') await runNotifications(database, bus);
  process.send?.('ready');
  process.once('disconnect', () => process.exit(0)); // the parent process has ended
}

void main();
