import { readCommandLine, readFileOf, reportFailure, wholeNumber } from './command-line';

const usage = 'npm run it -- [--number n]';

test('an option that there is not is named, and the usage given', () => {
  expect(() => readCommandLine(usage, { args: ['--foo'], options: {}, allowPositionals: true })).toThrow(
    `Unknown option '--foo'.\n${usage}`,
  );
});

test.each([[['--number', '-1']], [['--number', '--other']], [['--number']]])(
  '%j lacks a value, in our words',
  (args) => {
    const options = { number: { type: 'string' }, other: { type: 'boolean' } } as const;
    const problem = '--number has no value, or one that begins with a dash: give it one';
    expect(() => readCommandLine(usage, { args, options })).toThrow(
      `${problem} (if the dash is meant, as --number=-value).\n${usage}`,
    );
  },
);

test.each(['', ' '])('an option with nothing in it (%j) is refused, and named', (text) => {
  const config = { args: ['--number', text], options: { number: { type: 'string' } } } as const;
  expect(() => readCommandLine(usage, { ...config, args: [...config.args] })).toThrow(
    `--number is empty: give it a value (is a shell variable not set?), or leave the option out.\n${usage}`,
  );
});

test.each(['', '-1', '1.5', '1e3', 'x', '0', '101'])('"%s" is not a whole number from 1 to 100', (text) => {
  expect(() => wholeNumber(usage, 'number', text, { least: 1, most: 100 })).toThrow(
    new Error(`--number must be a whole number from 1 to 100, not ${text}.\n${usage}`),
  );
});

test.each(['1', '007', '100'])('"%s" is one', (text) => {
  expect(wholeNumber(usage, 'number', text, { least: 1, most: 100 })).toBe(Number(text));
});

test('a file that cannot be read is named, with its option', () => {
  expect(() => readFileOf('orders', '/no/such/file')).toThrow('--orders: there is no file /no/such/file.');
  expect(() => readFileOf('orders', '/')).toThrow('--orders: / cannot be read: Error: EISDIR');
});

test.each([
  ['as it is', new Error('Quadrille does not run here: npm start'), 'Quadrille does not run here: npm start'],
  [
    'of a host with several addresses, which Node gives no message',
    new AggregateError([new Error('refused')]),
    'refused',
  ],
  ['that is no error', 'a word', 'a word'],
])('why a command failed is said: an error %s', (_, error, said) => {
  const write = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
  reportFailure(error);
  expect(write).toHaveBeenCalledWith(`\n${said}\n`);
  write.mockRestore();
});
