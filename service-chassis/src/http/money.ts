/** Money on the wire is a decimal string with two places; inside it is a whole number of minor units. */
import { UNIT_PRICE_MINOR_MAX } from '@quadrille/shared-events';
import { z } from 'zod';

const MINOR_PER_MAJOR = 100;
const DECIMAL = /^(\d{1,9})(?:\.(\d{1,2}))?$/;

/** A price from 0 with at most two decimals, as a string ("20.00") or a number; its output is minor units. */
export const moneySchema = z
  .union([z.string(), z.number()], { error: 'must be a decimal such as "20.00"' })
  .transform((value, context) => {
    const match = DECIMAL.exec(String(value));
    const minor = match ? Number(match[1]) * MINOR_PER_MAJOR + Number((match[2] ?? '').padEnd(2, '0')) : Number.NaN;
    if (minor <= UNIT_PRICE_MINOR_MAX) return minor;
    context.addIssue({
      code: 'custom',
      message: `must be from 0.00 to ${toDecimal(UNIT_PRICE_MINOR_MAX)} with at most two decimals, such as "20.00"`,
    });
    return z.NEVER;
  })
  .meta({ description: 'a decimal with at most two places', example: '20.00' });

/** Minor units as a decimal string with two places: 1999 is "19.99". */
export const toDecimal = (minor: number): string => (minor / MINOR_PER_MAJOR).toFixed(2);
