/** The values that events are made of, with their bounds. */
import { z } from 'zod';

/** Longest id accepted anywhere: room for a UUID (36) or a customer's own reference. */
export const ID_MAX_LENGTH = 64;

/** Most lines an order may have; keeps an event far below the size limit of a message. */
export const ORDER_LINES_MAX = 100;

/** Most units of one product in one order. */
export const QUANTITY_MAX = 1_000;

/** Highest price of one unit, in minor units: 100 lines of 1,000 units stay far inside Number.MAX_SAFE_INTEGER. */
export const UNIT_PRICE_MINOR_MAX = 10_000_000_000;

/** An id of 1 to 64 characters `A-Z a-z 0-9 _ -`; a UUID is one. */
export const idSchema = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,64}$/, `must be 1 to ${String(ID_MAX_LENGTH)} characters of A-Z a-z 0-9 _ -`)
  .meta({
    description: 'An id: 1 to 64 characters A-Z a-z 0-9 _ -',
    examples: ['0199d3c4-5b6a-7c8d-9e0f-1a2b3c4d5e6f'],
  });

/** An ISO 4217 currency code. */
export const currencySchema = z.string().regex(/^[A-Z]{3}$/, 'must be three capital letters (ISO 4217)');

/** A payment method's token, as the gateway names it. */
export const paymentMethodSchema = z.string().regex(/^tok_[a-z0-9_]{1,60}$/, 'must be a token such as tok_visa');

const quantityError = `must be a whole number from 1 to ${String(QUANTITY_MAX)}`;

/** Units of a product in one order line: 1 to 1,000. */
export const quantitySchema = z.int(quantityError).min(1, quantityError).max(QUANTITY_MAX, quantityError);

/** The price of one unit in minor units (cents): a whole number from 0. */
export const unitPriceMinorSchema = z.int().min(0).max(UNIT_PRICE_MINOR_MAX);

/** A sum in minor units (cents): a whole number from 0. */
export const totalMinorSchema = z.int().min(0);

/** Highest count of attempts that is accepted: far above any retry policy, far below what a database column holds. */
const ATTEMPTS_MAX = 1_000;

/** How often a payment was attempted. */
export const attemptsSchema = z.int().min(0).max(ATTEMPTS_MAX);

/** The number of an attempt to charge, from 1. */
export const attemptSchema = z.int().min(1).max(ATTEMPTS_MAX);
