/** How a decided Wake becomes a distance from now, and what a loaded row says of its age. */
import fc from 'fast-check';
import { dueInMs, isPast, isStale, momentInMs, msFromNow, NUDGE_PAUSE_MAX_MS } from './due-times';

const settings = { healingAfterMs: 30_000, keptInMs: 7 };
const nudge = (doublings: number) => ({ kind: 'nudge', doublings }) as const;

test('nothing awaited is not due, and what is kept is due when it was', () => {
  expect(dueInMs(null, settings)).toBeNull();
  expect(dueInMs({ kind: 'kept' }, settings)).toBe(7);
  expect(dueInMs({ kind: 'kept' }, { ...settings, keptInMs: null })).toBeNull();
  expect(dueInMs({ kind: 'after', ms: 4_500 }, settings)).toBe(4_500);
});

test('the pause before a nudge is the healing time, doubled each time, ten minutes at most', () => {
  const pauses = [0, 1, 2, 3, 4, 5, 5_000].map((doublings) => dueInMs(nudge(doublings), settings));
  expect(pauses).toEqual([30_000, 60_000, 120_000, 240_000, 480_000, 600_000, 600_000]);
});

test('a limit of its own takes the place of the ten minutes', () => {
  const pauses = [0, 4, 7].map((doublings) => dueInMs({ ...nudge(doublings), maxMs: 3_600_000 }, settings));
  expect(pauses).toEqual([30_000, 480_000, 3_600_000]);
});

test('a healing time of a millisecond is doubled twenty times and no more', () => {
  const pauses = [20, 21].map((doublings) =>
    dueInMs({ ...nudge(doublings), maxMs: Number.MAX_SAFE_INTEGER }, { ...settings, healingAfterMs: 1 }),
  );
  expect(pauses).toEqual([1_048_576, 1_048_576]);
});

test('a state with a deadline is due then, if that is before its nudge; it may be past', () => {
  const due = (doublings: number, deadlineInMs?: number) =>
    dueInMs(
      { kind: 'nudge-or-deadline', doublings },
      deadlineInMs === undefined ? settings : { ...settings, deadlineInMs },
    );
  expect([due(0, 90_000), due(1, 50_000), due(2, -5), due(9, 900_000), due(0)]).toEqual([
    30_000,
    50_000,
    -5,
    NUDGE_PAUSE_MAX_MS,
    30_000,
  ]);
});

test('pauses never shrink and never exceed their limit', () => {
  const times = { healingAfterMs: fc.integer({ min: 1, max: 3_600_000 }), doublings: fc.nat({ max: 2_000 }) };
  fc.assert(
    fc.property(fc.record(times), ({ healingAfterMs, doublings }) => {
      const [before = 0, after = 0] = [doublings, doublings + 1].map((each) =>
        dueInMs(nudge(each), { healingAfterMs, keptInMs: null }),
      ) as number[]; // a nudge is always due
      expect(after).toBeGreaterThanOrEqual(before);
      expect(after).toBeLessThanOrEqual(NUDGE_PAUSE_MAX_MS);
    }),
  );
});

test('a moment has come when nothing is left until then; none never comes', () => {
  expect([-1, 0, 0.5, null].map(isPast)).toEqual([true, true, false, false]);
});

test('a row is stale when it has not moved for the healing time', () => {
  const stale = (movedInMs: number) => isStale({ dueInMs: null, movedInMs }, 30_000);
  expect([0, -29_999, -30_000].map(stale)).toEqual([false, false, true]);
});

test('what is loaded and what is saved are each other’s inverse', () => {
  expect(msFromNow('due_at')).toBe('(extract(epoch FROM due_at - now()) * 1000)::float8');
  expect(momentInMs('due_in_ms')).toBe('now() + make_interval(secs => due_in_ms / 1000.0)');
});
