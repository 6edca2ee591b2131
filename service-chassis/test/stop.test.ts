/** An orderly end: what was begun is finished, what was not fetched stays, nothing is delivered twice. */
import { eventually, startTcpProxy } from '@quadrille/tests';
import { CALLER, startFake } from './fake-service';
import { orders, setStage, type Stage } from './stage';

let stage: Stage;

beforeEach(async () => {
  stage = await setStage();
});
afterEach(async () => {
  await stage.close();
});

/** A door that batches wait at. */
function door() {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  let waiting = 0;
  return {
    open,
    waiting: () => waiting,
    pass: async () => {
      waiting++;
      await opened;
    },
  };
}

test('stopped under load: what it fetched is decided, announced and acked; its successor finds the rest fresh', async () => {
  const ids = orders(3_000);
  await stage.say(ids);
  const gate = door();
  const first = startFake(stage.brokerUrl, stage.database.url, { beforeLoad: gate.pass });
  await eventually(() => {
    expect(gate.waiting()).toBe(1);
  });
  const stopped = first.stop();
  gate.open();
  await stopped;
  const left = await stage.ready('payment-service');
  expect(left).toBeGreaterThan(0);
  const before = stage.received();
  expect(before).toHaveLength(3_000 - left);
  const successor = startFake(stage.brokerUrl, stage.database.url);
  await stage.answersTo(ids);
  expect(await successor.counted('messages_redelivered_total')).toBe(0);
  expect(await successor.counted('outbox_relayed_total')).toBe(0);
  await successor.stop();
});

test('stopped while an effect runs: its answer is still decided', async () => {
  const ids = orders(1);
  const gate = door();
  const service = startFake(stage.brokerUrl, stage.database.url, { perform: gate.pass });
  await stage.say(ids, CALLER);
  await eventually(() => {
    expect(gate.waiting()).toBe(1);
  });
  const stopped = service.stop();
  gate.open();
  await stopped;
  const { client, end } = await stage.administrator(stage.database.url);
  expect((await client.query('SELECT handled FROM seen')).rows).toEqual([{ handled: 2 }]);
  await end();
});

test.each(['cut', 'blackHole'] as const)(
  'stopped while the database is away (%s): it ends in time, nothing is lost',
  async (fault) => {
    const proxy = await startTcpProxy(stage.database.url);
    const service = startFake(stage.brokerUrl, proxy.through(stage.database.url));
    const first = orders(1);
    await stage.say(first);
    await stage.answersTo(first);
    // Otherwise its row is relayed once more: allowed, but not what this test is about.
    await eventually(async () => {
      expect((await service.pool.query('SELECT 1 FROM outbox')).rowCount).toBe(0);
    });
    await proxy[fault]();
    const ids = orders(500);
    await stage.say(ids);
    await eventually(async () => {
      expect(await service.counted('batch_size_count')).toBe(2);
    });
    const begun = performance.now();
    // The bounds of the stop itself; the pool is given up with the process.
    await service.participant.stop();
    expect(performance.now() - begun).toBeLessThan(9_000);
    await proxy.resume();
    const successor = startFake(stage.brokerUrl, stage.database.url);
    await stage.answersTo([...first, ...ids]);
    await successor.stop();
    await service.pool.end();
    await proxy.close();
  },
);
