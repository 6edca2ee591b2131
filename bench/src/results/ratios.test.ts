import type { CeilingFigures } from '../ceilings/ceiling';
import { compositeCeiling, ratiosOf } from './ratios';
import type { Summary } from './results';

const summary = (figures: Partial<Summary>): Summary => ({
  orders: 10_000,
  orders_per_s: 0,
  p50_ms: 1,
  p95_ms: 1,
  p99_ms: 1,
  p999_ms: 1,
  commits_per_order: 1,
  wal_bytes_per_order: 1,
  rounds: 3,
  spread: 0,
  ...figures,
});

const ceiling = (per_s: number, server_cpu_us: number, client_cpu_us: number): CeilingFigures => ({
  per_s,
  server_cpu_us,
  client_cpu_us,
});

const measured = {
  cores: 2,
  scenarios: {
    burst: summary({
      orders_per_s: 2_000,
      cpu_s_per_1000: 1,
      deliveries_per_order: 7,
      cpu_s_per_1000_by_process: { order: 0.9, customers: 0.1 },
    }),
    baseline: summary({ orders_per_s: 250, cpu_s_per_1000: 6 }),
  },
  ceilings: {
    postgres_rows: ceiling(2_500, 300, 200),
    postgres_batches: ceiling(20_000, 60, 20),
    queue_batches: ceiling(35_000, 25, 15),
  },
};

describe('ratios', () => {
  test('the composite ceiling is the rate at which the parts alone keep every core busy', () => {
    // 60 + 20 of the database, 7 times 25 + 15 of the broker, 100 of the customers: 460 us an order on two cores.
    expect(compositeCeiling(measured)).toBeCloseTo(2_000_000 / 460);
  });

  test('there is none when one of its parts was not measured', () => {
    expect(compositeCeiling({ ...measured, ceilings: { postgres_batches: ceiling(20_000, 60, 20) } })).toBeUndefined();
  });

  test('only what was measured has a ratio', () => {
    const ratios = Object.entries(ratiosOf(measured)).map(([name, value]) => [name, value.toFixed(3)]);
    expect(Object.fromEntries(ratios)).toEqual({
      burst_to_baseline: '8.000',
      burst_cpu_to_baseline: '0.167',
      burst_to_postgres_rows: '0.800',
      burst_to_postgres_batches: '0.100',
      burst_to_queue_batches: '0.400',
      burst_to_composite: '0.460',
      baseline_to_postgres_rows: '0.100',
    });
  });
});
