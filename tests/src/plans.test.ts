/**
 * With 10,000,000 orders in the tables, every statement of the services, as it is really sent, still finds its rows
 * through an index. The statements are recorded on their way to the databases while the system works and every list is
 * read with every filter. They are planned, not executed, on tables that the planner takes for large ones.
 */
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { rootFolder } from '@quadrille/operator/src/root';
import { services, shortNames, type ShortName } from '@quadrille/operator/src/services';
import { createTestDatabase, eventually, testServers } from '@quadrille/test-kit';
import { chooseAssortment } from '@quadrille/operator/src/demo/assortment';
import { kinds } from '@quadrille/operator/src/demo/kinds';
import { withClient, withDatabase } from '@quadrille/operator/src/migrate/database';
import { escapeLiteral, type Client } from 'pg';
import { SMTPServer } from 'smtp-server';
import { z } from 'zod';
import { readEverything } from './every-read';
import { bigTables, plantTables, type PlantedShop } from './planted-tables';
import { startStatementRecorder, type SentStatement, type StatementRecorder } from './statement-recorder';
import { startTestSystem, type TestSystem } from '@quadrille/test-kit/src/system';

/** How long all kinds of orders may take when they are played at once, in milliseconds: the slowest takes 12 s. */
const PLAYED_WITHIN_MS = 40_000;

/** Statements on tables that are always nearly empty; not all faults that send them are played here. */
const TRANSIENT = /^(outbox|delivery-attempt)/;

/** The sum over all reserved and committed stock must read every reservation once. */
const SUM_OF_ALL = 'jsonb_array_elements(items)';

const recorders = new Map<ShortName, StatementRecorder>();
const sentOf = (service: ShortName) => [...(recorders.get(service)?.sent.values() ?? [])];
/** What the services had sent before the checker started. */
const byServices = new Map<ShortName, readonly SentStatement[]>();
const byChecker = new Map<ShortName, readonly SentStatement[]>();

/** The databases in which statements are planned: an administrator's URL, and the function that removes it. */
const planted = new Map<`${PlantedShop} ${ShortName}`, { readonly url: string; readonly drop: () => Promise<void> }>();

interface Plan {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string | undefined;
  readonly 'Index Cond'?: string | undefined;
  readonly Filter?: string | undefined;
  readonly Plans?: readonly Plan[] | undefined;
}
const planSchema: z.ZodType<Plan> = z.object({
  'Node Type': z.string(),
  'Relation Name': z.string().optional(),
  'Index Cond': z.string().optional(),
  Filter: z.string().optional(),
  get Plans() {
    return z.array(planSchema).optional();
  },
});
const explained = z.tuple([z.object({ 'QUERY PLAN': z.tuple([z.object({ Plan: planSchema })]) })]);

/** Plan nodes that pass on rows one by one: a limit above them stops the nodes below. */
const PASSING = new Set(['Limit', 'Result', 'Subquery Scan', 'LockRows']);

/**
 * Returns where a plan reads a big table from end to end. An index read in its order is fine when a limit ends the scan
 * soon.
 */
function scansOf(plan: Plan, big: ReadonlySet<string>, limited = false): string[] {
  const type = plan['Node Type'];
  const table = plan['Relation Name'] ?? '';
  const isWalk = /^Index (Only )?Scan$/.test(type) && plan['Index Cond'] === undefined;
  const isScan = type === 'Seq Scan' || (isWalk && (!limited || plan.Filter !== undefined));
  const below = type === 'Limit' || (limited && PASSING.has(type));
  return [
    ...(isScan && big.has(table) ? [`${type} of ${table}`] : []),
    ...(plan.Plans ?? []).flatMap((child) => scansOf(child, big, below)),
  ];
}

async function plan(client: Client, { text }: SentStatement, values: readonly (string | null)[]): Promise<Plan> {
  await client.query(`PREPARE sent AS ${text}`);
  try {
    const literals = values.map((value) => (value === null ? 'NULL' : escapeLiteral(value)));
    const execute = literals.length === 0 ? 'sent' : `sent(${literals.join(', ')})`;
    const { rows } = await client.query(`EXPLAIN (FORMAT JSON) EXECUTE ${execute}`);
    return explained.parse(rows)[0]['QUERY PLAN'][0].Plan;
  } finally {
    await client.query('DEALLOCATE sent');
  }
}

/** Plans statements on planted tables, with their values and generically, and returns those that scan. */
async function scanning(
  service: ShortName,
  statements: readonly SentStatement[],
  shop: PlantedShop = 'busy',
): Promise<readonly string[]> {
  return withClient(planted.get(`${shop} ${service}`)?.url ?? '', async (client) => {
    // The planted tables have few pages, so without this the planner would undervalue the order on disk.
    if (shop === 'young') await client.query('SET random_page_cost = 1000');
    const found = new Set<string>();
    for (const mode of ['force_custom_plan', 'force_generic_plan']) {
      await client.query(`SET plan_cache_mode = ${mode}`);
      for (const statement of statements) {
        for (const values of statement.values) {
          const scans = scansOf(await plan(client, statement, values), bigTables(service));
          if (scans.length > 0) found.add(`${scans.join(', ')} (${mode}): ${statement.text} <- ${values.join(', ')}`);
        }
      }
    }
    return [...found];
  });
}

const isPlanned = ({ text }: SentStatement) => /^\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b/i.test(text);

async function play({ shop, urls }: TestSystem): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  const put = { method: 'PUT', headers, body: JSON.stringify({ email: 'alice@example.com' }) };
  expect((await fetch(`${urls.notification}/customers/alice`, put)).status).toBe(200);
  const notify = { customer_id: 'alice', subject: 'Hello', message: 'Thank you for your patience.' };
  const post = { method: 'POST', headers, body: JSON.stringify(notify) };
  expect((await fetch(`${urls.notification}/notifications`, post)).status).toBe(202);
  const set = { method: 'PUT', headers, body: JSON.stringify({ quantity_available: 7 }) };
  expect((await fetch(`${urls.inventory}/inventory/new-thing`, set)).status).toBe(201);
  const assortment = chooseAssortment(await shop.products());
  const signal = AbortSignal.timeout(PLAYED_WITHIN_MS);
  await Promise.all(kinds.map((kind) => kind.play({ shop, assortment, customerId: 'alice', signal })));
}

/** Starts a mail server that accepts every mail. */
async function startMailServer() {
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData: (stream, _session, callback) => void stream.resume().on('end', callback),
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // A TCP server that listens has an address of this form; string and null are for pipes and closed servers.
  const { port } = server.server.address() as AddressInfo;
  return {
    url: `smtp://127.0.0.1:${String(port)}`,
    close: () => {
      server.close();
    },
  };
}

/** Records what the services send, and then what the checker sends, which looks twice at an unsettled order. */
async function listen(system: TestSystem): Promise<void> {
  await play(system);
  const items = [{ product_id: 'acorn-sticker', quantity: 1 }];
  const { order_id } = await system.shop.place({ customer_id: 'alice', items, payment_method: 'tok_success' });
  await system.shop.settled(order_id);
  const { payment_id } = await system.shop.paymentOf(order_id);
  const known = { order_id, payment_id, customer_id: 'alice', product_id: 'new-thing', category: 'other' };
  for (const name of shortNames) await readEverything(system.urls[name], known);
  await eventually(() => {
    expect(sentOf('notification').map(({ name }) => name)).toContain('notifications-update');
  });
  for (const name of shortNames) byServices.set(name, sentOf(name).filter(isPlanned));
  const heard = new Map(shortNames.map((name) => [name, new Set(recorders.get(name)?.sent.keys())]));
  await system.shop.place({ customer_id: 'alice', items, payment_method: 'tok_flaky_1' });
  await system.verify({ requested: [order_id] });
  for (const name of shortNames) {
    const isNew = (statement: SentStatement) => heard.get(name)?.has(statement.text) !== true;
    byChecker.set(name, sentOf(name).filter(isPlanned).filter(isNew));
  }
}

/** Starts a system whose statements are recorded, and plays the orders. */
async function overhear(): Promise<void> {
  const mailServer = await startMailServer();
  const settings = { SMTP_URL: mailServer.url, SMTP_FROM: 'shop@example.com', PAYMENT_SUCCESS_RATE: '1' };
  const system = await startTestSystem(settings, async (name, url) => {
    const recorder = await startStatementRecorder(url);
    recorders.set(name, recorder);
    return recorder.through(url);
  });
  try {
    await listen(system);
  } finally {
    await system.stop();
    mailServer.close();
    for (const recorder of recorders.values()) await recorder.close();
  }
}

async function plant(service: ShortName, shop: PlantedShop): Promise<void> {
  const database = await createTestDatabase(services[service].table.name);
  const url = withDatabase(testServers().databaseUrl, new URL(database.url).pathname.slice(1));
  planted.set(`${shop} ${service}`, { url, drop: () => database.drop() });
  await withClient(url, (client) => plantTables(client, service, shop));
}

beforeAll(async () => {
  const done = await Promise.allSettled([
    overhear(),
    ...shortNames.flatMap((name) => [plant(name, 'busy'), plant(name, 'young')]),
  ]);
  for (const each of done) if (each.status === 'rejected') throw each.reason;
}, 2 * PLAYED_WITHIN_MS);
afterAll(() => Promise.all([...planted.values()].map(({ drop }) => drop())));

test('every statement with a name was sent', () => {
  const written = shortNames.flatMap((name) => {
    const bundle = readFileSync(join(rootFolder, 'dist', `${services[name].table.name}.js`), 'utf8');
    return [...bundle.matchAll(/name: "([a-z-]+)",\s*text:/g)].map(([, statement]) => statement ?? '');
  });
  const sent = new Set(shortNames.flatMap((name) => (byServices.get(name) ?? []).map((statement) => statement.name)));
  const expected = [...new Set(written)].filter((name) => !TRANSIENT.test(name));
  expect(expected.length).toBeGreaterThan(10);
  expect(expected.filter((name) => !sent.has(name))).toEqual([]);
});

test.each(shortNames)('%s-service reads no table from end to end', async (name) => {
  const statements = byServices.get(name) ?? [];
  expect(statements.length).toBeGreaterThan(5);
  expect(await scanning(name, statements)).toEqual([]);
});

test.each(shortNames)('%s-service does so neither where the statistics are of a young shop', async (name) => {
  expect(await scanning(name, byServices.get(name) ?? [], 'young')).toEqual([]);
});

test.each(shortNames)('the checker walks indexes through the orders of %s-service', async (name) => {
  const statements = (byChecker.get(name) ?? []).filter(({ text }) => !text.includes(SUM_OF_ALL));
  expect(statements.length).toBeGreaterThan(1);
  const scans = await scanning(name, statements);
  expect(scans.filter((scan) => scan.startsWith('Seq Scan'))).toEqual([]);
});
