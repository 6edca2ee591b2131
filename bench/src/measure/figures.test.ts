import { medians, spread } from './figures';

describe('figures of several rounds', () => {
  test('each figure has its own median, those by process too', () => {
    const rounds = [
      { orders_per_s: 10, by: { order: 3, broker: 1 } },
      { orders_per_s: 30, by: { order: 1, broker: 9 } },
      { orders_per_s: 20, by: { order: 2, broker: 5 } },
    ];
    expect(medians(rounds)).toEqual({ orders_per_s: 20, by: { order: 2, broker: 5 } });
  });

  test('of two rounds it is the mean', () => {
    expect(medians([{ p50_ms: 10 }, { p50_ms: 20 }])).toEqual({ p50_ms: 15 });
  });

  test('a figure that one round could not read is that of the others', () => {
    expect(medians([{ messages: 4 }, { messages: undefined }])).toEqual({ messages: 4 });
  });

  test('the spread is a share of the median', () => {
    expect(spread([90, 100, 110])).toBeCloseTo(0.2);
    expect(spread([7])).toBe(0);
  });
});
