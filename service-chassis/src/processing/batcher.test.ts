import { createBatcher, OverloadedError } from './batcher';

const limits = { batch: 10, waiting: 100 };

/** Creates a batcher whose batches end when the test says so. */
function heldLane(of = limits) {
  const batches: (readonly number[])[] = [];
  const held: ((result: readonly (number | Error)[] | Error) => void)[] = [];
  const lane = createBatcher<number, number>(of, (items) => {
    batches.push(items);
    return new Promise((resolve, reject) => {
      held.push((result) => {
        if (result instanceof Error) reject(result);
        else resolve(result);
      });
    });
  });
  return { lane, batches, end: (result: readonly (number | Error)[] | Error) => held.shift()?.(result) };
}

const turn = () => new Promise(setImmediate);

test('an idle lane starts at once; a busy one collects what arrives into the next batch', async () => {
  const { lane, batches, end } = heldLane();
  const first = lane.submit(1);
  await turn();
  expect(batches).toEqual([[1]]);
  const later = [2, 3, 4].map((item) => lane.submit(item));
  expect(lane.waiting()).toBe(3);
  await turn();
  expect(batches).toHaveLength(1);
  end([10]);
  await expect(first).resolves.toBe(10);
  await turn();
  expect(batches).toEqual([[1], [2, 3, 4]]);
  end([20, 30, 40]);
  await expect(Promise.all(later)).resolves.toEqual([20, 30, 40]);
});

test('what arrives in one turn is one batch, up to the limit', async () => {
  const sizes: number[] = [];
  const lane = createBatcher<number, number>(limits, (items) => {
    sizes.push(items.length);
    return Promise.resolve(items);
  });
  const results = await Promise.all(Array.from({ length: 25 }, (_, item) => lane.submit(item)));
  expect(results).toEqual(Array.from({ length: 25 }, (_, item) => item));
  expect(sizes).toEqual([10, 10, 5]);
});

test('an error in the place of a result rejects that item alone', async () => {
  const lane = createBatcher<number, number>(limits, (items) =>
    Promise.resolve(items.map((item) => (item === 2 ? new Error('not two') : item))),
  );
  const results = await Promise.allSettled([1, 2, 3].map((item) => lane.submit(item)));
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
});

test('a batch that fails rejects all of its items, and the next one is written', async () => {
  const { lane, end } = heldLane();
  const doomed = [lane.submit(1), lane.submit(2)];
  await turn();
  const next = lane.submit(3);
  end(new Error('the database is away'));
  for (const item of doomed) await expect(item).rejects.toThrow('the database is away');
  await turn();
  end([30]);
  await expect(next).resolves.toBe(30);
});

test('a result that is missing is an error, not a wait for ever', async () => {
  const lane = createBatcher<number, number>(limits, () => Promise.resolve([]));
  await expect(lane.submit(1)).rejects.toThrow('no result');
});

test('a full lane refuses', async () => {
  const { lane, end } = heldLane({ batch: 1, waiting: 2 });
  const first = lane.submit(1);
  await turn();
  const waiting = [lane.submit(2), lane.submit(3)];
  await expect(lane.submit(4)).rejects.toThrow(OverloadedError);
  for (const result of [1, 2, 3]) {
    end([result]);
    await turn();
  }
  await expect(Promise.all([first, ...waiting])).resolves.toEqual([1, 2, 3]);
});

test('idle means that nothing waits and nothing is being written', async () => {
  const { lane, end } = heldLane();
  await lane.idle();
  const submitted = lane.submit(1);
  let idle = false;
  const whenIdle = lane.idle().then(() => (idle = true));
  await turn();
  expect(idle).toBe(false);
  end([1]);
  await submitted;
  await whenIdle;
  expect(lane.waiting()).toBe(0);
});
