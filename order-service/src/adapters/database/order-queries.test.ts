/**
 * What the infrastructure does to reads: they go through Prisma, which wraps whatever the server says in an error of
 * its own.
 */
import { isTransient, openPool, reasonOf, type Pool } from '@quadrille/service-chassis';
import { createTestDatabase, type TestDatabase } from '@quadrille/test-kit';
import { PrismaPg } from '@prisma/adapter-pg';
import { PrismaClient } from '../../../generated/prisma/client';
import { findOrder } from './order-queries';

let testDatabase: TestDatabase;
let pool: Pool;
let prisma: PrismaClient;

beforeEach(async () => {
  testDatabase = await createTestDatabase('order-service');
  pool = openPool(testDatabase.url, 1, 'order-service', () => undefined);
  prisma = new PrismaClient({ adapter: new PrismaPg(pool) });
});
afterEach(async () => {
  await prisma.$disconnect();
  await pool.end();
  await testDatabase.drop();
});

const failure = (work: Promise<unknown>) => work.then(() => undefined).catch((error: unknown) => error);

test('a read during which the server ends will pass', async () => {
  const error = await failure(prisma.$queryRaw`SELECT pg_terminate_backend(pg_backend_pid())`);
  expect([isTransient(error), reasonOf(error)]).toEqual([true, 'terminating connection due to administrator command']);
});

test('a read that the server does not let in will pass', async () => {
  await testDatabase.drop();
  const error = await failure(findOrder(prisma, 'o-1'));
  expect([isTransient(error), reasonOf(error)]).toEqual([
    true,
    expect.stringMatching(/^database ".*" does not exist$/),
  ]);
});

test('a mistake of ours will not', async () => {
  const error = await failure(prisma.$queryRaw`SELECT nonsense`);
  expect(isTransient(error)).toBe(false);
});
