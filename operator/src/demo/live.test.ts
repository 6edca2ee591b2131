import { createLive } from './live';

const written = (states: readonly number[], isTTY: boolean): string[] => {
  const lines: string[] = [];
  const write = (text: string) => lines.push(text) > 0;
  const live = createLive({ isTTY, write });
  for (const done of states) live.show({ total: 2, started: 2, done, unexpected: 0 });
  live.end();
  return lines;
};

test('in a file, the last state is one line', () => {
  expect(written([1, 2], false)).toEqual([expect.stringContaining('2 of 2 done, 0 under way')]);
});

test('in a file, nothing is said twice', () => {
  const [never] = written([], false);
  expect(never).toContain('0 of 0 done');
  jest.spyOn(performance, 'now').mockReturnValueOnce(0).mockReturnValueOnce(10_000);
  expect(written([2, 2], false)).toHaveLength(1);
});

test('in a terminal, it is redrawn and ended', () => {
  expect(written([2], true)).toEqual([expect.stringContaining('\r'), '\n']);
});
