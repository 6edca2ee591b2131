/** Nothing of a participant works before it is started. */
import { createFake } from './fake-service';

/** Nobody listens there: the port is reserved. */
const NOWHERE = '127.0.0.1:1';

const create = () => {
  const connections: string[] = [];
  const service = createFake(`amqp://u:p@${NOWHERE}/q`, `postgresql://u:p@${NOWHERE}/d`, {
    connect: (url) => {
      connections.push(url);
      return Promise.reject(new Error('refused'));
    },
  });
  return { connections, service };
};

/** The timers and sockets that keep the process from ending, a turn of the event loop later. */
const timersAndSockets = async () => {
  await new Promise(setImmediate);
  return process
    .getActiveResourcesInfo()
    .filter((resource) => /^(Timeout|TCP)/.test(resource))
    .sort();
};

test('created, it connects to nothing and leaves no timer; the process could end', async () => {
  const before = await timersAndSockets();
  const { connections, service } = create();
  const after = await timersAndSockets();
  const opened = service.pool.totalCount;
  await service.stop();
  expect(after).toEqual(before);
  expect(connections).toEqual([]);
  expect(opened).toBe(0);
});

test('started, it connects; stopped, it leaves no timer', async () => {
  const before = await timersAndSockets();
  const { connections, service } = create();
  service.participant.start();
  const running = await timersAndSockets();
  await service.stop();
  expect(running).not.toEqual(before);
  expect(connections).not.toEqual([]);
  expect(await timersAndSockets()).toEqual(before);
});

test('a participant that was never started says so, and can be stopped', async () => {
  const { connections, service } = create();
  const problems = service.participant.problems();
  await service.stop();
  expect(problems).toEqual({ participant: 'not started' });
  expect(connections).toEqual([]);
});

test('a command before the start, and a second start, are mistakes of the program', async () => {
  const { service } = create();
  const { participant } = service;
  expect(() => participant.command({ key: 'k', message: { type: 'Touch' }, cause: {} })).toThrow('is not started');
  participant.start();
  expect(() => {
    participant.start();
  }).toThrow('is started already');
  await service.stop();
});
