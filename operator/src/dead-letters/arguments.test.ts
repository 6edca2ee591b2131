import { parseCommand } from './arguments';

const options = ['service', 'queue', 'event', 'reason', 'order', 'id'];
const commands = ['discard', 'replay'].flatMap((action) => options.map((option) => [action, option] as const));

test.each(commands)('%s --%s with an empty value is refused: it would mean every message', (action, option) => {
  expect(() => parseCommand([action, `--${option}`, '', '--yes'])).toThrow(`--${option} is empty: give it a value`);
  expect(() => parseCommand([action, `--${option}=`, '--yes'])).toThrow(`--${option} is empty: give it a value`);
});

test('an event that no service knows is refused with those that are known', () => {
  expect(() => parseCommand(['list', '--event', 'Nope'])).toThrow(
    /^--event must be one of OrderCreated, .*, PaymentFailed, .*unknown\. A message of another type is chosen by --id/,
  );
});

test.each(['OrderCreated', 'unknown'])('an event %s is looked for', (event) => {
  expect(parseCommand(['list', '--event', event]).selection).toEqual({ event });
});

test.each([
  [['--service', 'nope'], /^--service must be one of order-service, /],
  [['--queue', 'nope'], /^--queue must be invalid or dead-letter\./],
  [[], /^Say which messages to replay/],
  [['all'], /^replay takes no further words/],
])('replay %j is refused', (args, problem) => {
  expect(() => parseCommand(['replay', ...args])).toThrow(problem);
});

test('discard is final, and wants to hear it', () => {
  expect(() => parseCommand(['discard', '--all'])).toThrow(/^discard is final/);
  expect(parseCommand(['discard', '--all', '--yes'])).toMatchObject({ action: 'discard', dryRun: false });
});
