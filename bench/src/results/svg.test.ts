import { bars, lines } from './svg';

describe('charts', () => {
  test('the longest bar takes all the room, the others their share', () => {
    const svg = bars('t', [
      { label: 'a', parts: [{ value: 50, colour: 0 }], text: '50' },
      { label: 'b', parts: [{ value: 100, colour: 1 }], text: '100' },
    ]);
    const widths = [...svg.matchAll(/<rect [^>]*width="([\d.]+)" height="20"/g)].map(([, width]) => Number(width));
    expect(widths).toEqual([230, 460]);
  });

  test('a tenth is one step of the logarithmic axis', () => {
    const points = [
      { x: 50, y: 10 },
      { x: 200, y: 100 },
      { x: 500, y: 1_000 },
    ];
    const svg = lines('t', [{ name: 'p50', points }], { x: 'orders a second', y: (ms) => `${String(ms)} ms` });
    const ys = [...svg.matchAll(/cy="([\d.]+)"/g)].map(([, y]) => Number(y));
    expect((ys[0] ?? 0) - (ys[1] ?? 0)).toBeCloseTo((ys[1] ?? 0) - (ys[2] ?? 0), 0);
  });

  test('names are text, whatever is in them', () => {
    expect(bars('a < b & c', [])).toContain('a &lt; b &amp; c');
  });

  test('both colour schemes are in every chart', () => {
    expect(bars('t', [])).toContain('@media (prefers-color-scheme: dark)');
  });
});
