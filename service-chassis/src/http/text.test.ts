import { lineSchema, textSchema } from './text';

const line = lineSchema(10);
const text = textSchema(10);

test.each(['a', 'Grüße 🎈', ' x ', '1', '?', '茶'])('%j is a line and a text', (value) => {
  expect(line.parse(value)).toBe(value);
  expect(text.parse(value)).toBe(value);
});

test('only a text has line breaks and tabs', () => {
  expect(text.safeParse('a\r\n\tb').success).toBe(true);
  for (const value of ['a\nb', 'a\tb']) expect(line.safeParse(value).success).toBe(false);
});

test.each(['', '   ', '\u00a0\u2003', '\u200b', 'a\u0000', 'a\u007f', 'a\u0085', '\ud800', 'x'.repeat(11), 1, null])(
  '%j is neither',
  (value) => {
    expect(line.safeParse(value).success).toBe(false);
    expect(text.safeParse(value).success).toBe(false);
  },
);

test('blank lines are no text, and the error says so', () => {
  const parsed = text.safeParse(' \n\t\r\n');
  expect(parsed.error?.issues.map(({ message }) => message)).toEqual(['must not be blank']);
});

test('a long text with one wrong character is refused at once', () => {
  const began = performance.now();
  expect(textSchema(100_000).safeParse(`${'a'.repeat(99_000)}\u0000`).success).toBe(false);
  expect(performance.now() - began).toBeLessThan(200);
});
