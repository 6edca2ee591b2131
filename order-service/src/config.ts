/** The environment of order-service. */
import { commonConfig, millisecondsSchema, portConfig } from '@quadrille/service-chassis';
import { z } from 'zod';

/** The usual port. */
const PORT = 8001;

/** An order still PENDING after this time is cancelled: longer than customers wait for a service that is down. */
const ORDER_DEADLINE_MS = 300_000;

/** What order-service reads from its environment. */
export const configSchema = z.object({
  ...commonConfig,
  PORT: portConfig(PORT),
  ORDER_DEADLINE_MS: millisecondsSchema.default(ORDER_DEADLINE_MS),
});

/** The configuration of order-service. */
export type Config = z.infer<typeof configSchema>;
