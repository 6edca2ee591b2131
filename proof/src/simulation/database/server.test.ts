import { createScheduler, world } from '../engine/scheduler';
import { createDatabaseServer } from './server';

const request = (name: string) => ({ name, values: [], resolve: () => undefined, reject: () => undefined });

test('whoever waits for a lock still waits for it when the server thaws', () => {
  const server = createDatabaseServer({
    name: 'test',
    scheduler: createScheduler(),
    statements: { lock: { locks: () => ['the row'], run: () => ({ rows: [], rowCount: 1 }) } },
    faults: { commit: () => undefined, statement: () => false },
    record: () => undefined,
    ends: () => undefined,
  });
  const said: string[] = [];
  const open = (who: string) =>
    server.open({
      owner: world,
      connection: () => said,
      answer: ({ name }) => said.push(`${who} ${name}`),
      lost: () => said.push(`${who} lost`),
    });
  const [first, second] = [open('first'), open('second')];
  const begin = ['BEGIN', 'lock'].map(request);
  first.receive(begin);
  second.receive(begin);
  server.freeze(true);
  server.freeze(false);
  expect(said).toEqual(['first BEGIN', 'first lock', 'second BEGIN']);
  first.receive([request('COMMIT')]);
  expect(said.slice(3).sort()).toEqual(['first COMMIT', 'second lock']);
});
