import { createServer, type AddressInfo } from 'node:net';
import { connect } from 'amqplib';
import { Client } from 'pg';
import { openParkingLot } from '../dead-letters/parking-lot';
import { findStuck } from '../stuck/stuck';
import { topology } from '../services';
import { createTestVirtualHost, testServers } from '@quadrille/test-kit';
import { verify } from '../verify/verify';
import { askServers, type Asked } from './explain-unreachable';

/** An address at which nothing listens: its server has just closed. */
async function deadHost(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // A server that listens at a port has an address of this kind.
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `127.0.0.1:${String(port)}`;
}

const allAt = (url: string) => ({ order: url, inventory: url, payment: url, notification: url });
const running = (): Asked => {
  const { amqpUrl, databaseUrl } = testServers();
  return { amqp: amqpUrl, databases: allAt(databaseUrl), management: null };
};
const noCredentials = { credentials: null };

test('a broker that is down is named by each command, with what to do', async () => {
  const host = await deadHost();
  const asked = { ...running(), amqp: `amqp://u:secret@${host}/q` };
  const message = new RegExp(
    `^RabbitMQ at ${host} does not answer \\(connect ECONNREFUSED ${host}\\)\\. npm start starts a server that died again: try again`,
  );
  for (const work of [
    () => verify({ ...asked, ...noCredentials }),
    () => findStuck(asked),
    () => openParkingLot(asked.amqp, () => Promise.resolve()),
  ])
    await expect(askServers<unknown>(asked, work)).rejects.toThrow(message);
});

test('a database that is down is named, once for all four services', async () => {
  const host = await deadHost();
  const asked = { ...running(), databases: allAt(`postgresql://u:secret@${host}/q`) };
  const message = new RegExp(`^PostgreSQL at ${host} does not answer \\(connect ECONNREFUSED ${host}\\)\\. npm start`);
  await expect(askServers(asked, () => verify({ ...asked, ...noCredentials }))).rejects.toThrow(message);
});

test('both are named; of docker compose, with its own remedy', async () => {
  const [broker, database] = [await deadHost(), await deadHost()];
  const asked = {
    amqp: `amqp://u:p@${broker}/q`,
    databases: allAt(`postgresql://u:p@${database}/q`),
    management: null,
    docker: true,
  };
  await expect(askServers(asked, () => verify({ ...asked, ...noCredentials }))).rejects.toThrow(
    new RegExp(`^RabbitMQ at ${broker} and PostgreSQL at ${database} do not answer .*docker compose ps`),
  );
});

test('a server that is back before it is asked is named by its port; one that broke off is not guessed', async () => {
  const asked = running();
  const { port } = new URL(asked.amqp);
  const refused = Object.assign(new Error('connect ECONNREFUSED'), { syscall: 'connect', port: Number(port) });
  for (const error of [refused, new AggregateError([refused])])
    await expect(askServers(asked, () => Promise.reject(error))).rejects.toThrow(
      new RegExp(`^RabbitMQ at [^ ]*:${port} does not answer \\(connect ECONNREFUSED\\)\\. npm start`),
    );
  const brokenOff = Object.assign(new Error('read ECONNRESET'), { syscall: 'read' });
  await expect(askServers(asked, () => Promise.reject(brokenOff))).rejects.toThrow(
    /^A server does not answer \(read ECONNRESET\)\. npm start/,
  );
});

test('a database that is starting takes connections, and is named all the same', async () => {
  const asked = running();
  const starting = Object.assign(new Error('the database system is starting up'), { code: '57P03' });
  await expect(askServers(asked, () => Promise.reject(starting))).rejects.toThrow(
    /^PostgreSQL at [^ ]+ does not answer \(the database system is starting up\)\. npm start/,
  );
});

test('an error of servers that all answer is told as it is', async () => {
  const asked = running();
  const work = async () => {
    const client = new Client({ connectionString: asked.databases.order });
    await client.connect();
    try {
      await client.query('SELECT nonsense');
    } finally {
      await client.end();
    }
  };
  await expect(askServers(asked, work)).rejects.toThrow(/^column "nonsense" does not exist$/);
});

test('a queue that is not there is named, with what to do', async () => {
  const host = await createTestVirtualHost(topology);
  const connection = await connect(host.adminUrl);
  await (await connection.createChannel()).deleteQueue('payment-service.invalid');
  await connection.close();
  const asked = { ...running(), amqp: host.adminUrl };
  const lot = await openParkingLot(host.adminUrl, () => Promise.resolve());
  await expect(askServers(asked, () => lot.list({}))).rejects.toThrow(
    'RabbitMQ has no queue payment-service.invalid: somebody has deleted it. End npm start (Ctrl-C) and begin it anew',
  );
  await lot.close();
  await host.remove();
});
