/** The environment of payment-service. */
import { commonConfig, portConfig, wholeNumberSchema } from '@quadrille/service-chassis';
import { z } from 'zod';

/** The usual port. */
const PORT = 8003;

/** Without an answer after this time an attempt is given up, its outcome unknown. */
const GATEWAY_TIMEOUT_MS = 2_000;

/** The longest timeout: the lease of a charge (3,500 ms) must outlast it. */
const GATEWAY_TIMEOUT_MAX_MS = 3_000;

/** A bank that has a bad day: enough failed draws to see retries in every demo. */
const PAYMENT_SUCCESS_RATE = '0.8';

function rangeOf(text: string): readonly [least: number, most: number] {
  const [least = '', most = least] = text.split('-');
  return [Number(least), Number(most)];
}

/** 0, 0.8, .25, 1: as people write it, and nothing else that JavaScript takes for a number. */
const RATE = /^(0|0?\.\d{1,6}|1|1\.0{1,6})$/;

const RATE_ERROR = 'must be a number from 0 to 1';

const latencySchema = z
  .string()
  .regex(/^\d{1,5}(-\d{1,5})?$/, {
    error: 'must be a number of milliseconds or a range such as 50-200',
    abort: true,
  })
  .refine((text) => {
    const [least, most] = rangeOf(text);
    return least <= most;
  }, 'must name the smaller number first, such as 50-200')
  .default('0')
  .transform(rangeOf);

/** What payment-service reads from its environment. */
export const configSchema = z.object({
  ...commonConfig,
  PORT: portConfig(PORT),
  PAYMENT_SUCCESS_RATE: z.string().regex(RATE, RATE_ERROR).default(PAYMENT_SUCCESS_RATE).transform(Number),
  PAYMENT_LATENCY_MS: latencySchema,
  GATEWAY_TIMEOUT_MS: wholeNumberSchema(10, GATEWAY_TIMEOUT_MAX_MS).default(GATEWAY_TIMEOUT_MS),
});

/** The configuration of payment-service. */
export type Config = z.infer<typeof configSchema>;
