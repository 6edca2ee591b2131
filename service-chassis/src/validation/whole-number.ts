/** Whole numbers that arrive as text: in a query or in the environment. */
import { z } from 'zod';

const DIGITS = /^-?\d{1,15}$/;

/** A whole number from `min` to `max`, or its decimal digits; `0x10`, `1e3` and ` 7` are none. */
export const wholeNumberSchema = (min: number, max: number) => {
  const error = `must be a whole number from ${String(min)} to ${String(max)}`;
  const toNumber = (given: unknown) =>
    typeof given === 'string' ? (DIGITS.test(given) ? Number(given) : Number.NaN) : given;
  return z.preprocess(toNumber, z.int(error).min(min, error).max(max, error));
};
