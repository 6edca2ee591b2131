import { judgeSmoke } from './smoke';

describe('a smoke run', () => {
  test('passes with half of the ratio on record', () => {
    expect(judgeSmoke(8, 4).good).toBe(true);
  });

  test('fails below it, and says what was wanted', () => {
    const { good, line } = judgeSmoke(8, 3.9);
    expect(good).toBe(false);
    expect(line).toContain("3.9 times the baseline's orders/s (on record 8.0 times, at least 4.0 times)");
  });
});
