/** How long a payment waits before it is tried again. */
import { retryDelayMs, untilItWorksMs } from './payment';

test('what is repeated until it works waits for the lease and 1 s, doubled each time, a minute at most', () => {
  expect([0, 1, 2, 5, 6, 100].map(untilItWorksMs)).toEqual([4_500, 5_500, 7_500, 35_500, 63_500, 63_500]);
});

test('a retry waits as long as after the third attempt when there should ever be more of them', () => {
  expect([3, 4].map(retryDelayMs)).toEqual([4_000, 4_000]);
});
