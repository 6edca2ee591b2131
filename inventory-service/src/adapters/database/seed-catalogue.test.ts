import { openPool } from '@quadrille/service-chassis';
import { createSeeding } from './seed-catalogue';

test('while the database is away nothing is claimed about the catalogue: it may have been seeded long ago', async () => {
  // Nobody listens there: the port is reserved.
  const pool = openPool('postgresql://u:p@127.0.0.1:1/nothing', 1, 'inventory-service', () => undefined);
  const warned = await new Promise<unknown[]>((resolve) => {
    const warn = (...line: unknown[]) => {
      seeding.stop();
      resolve(line);
    };
    const seeding = createSeeding(pool, 'USD', { info: () => undefined, warn });
    seeding.start();
    expect(seeding.problems()).toEqual({ catalogue: 'not looked at yet' });
  });
  expect(warned).toEqual([
    { reason: 'connect ECONNREFUSED 127.0.0.1:1', failures: 0 },
    'the catalogue cannot be looked at yet; it is seeded only if it is empty',
  ]);
  await pool.end();
});
