/** The environment of inventory-service. */
import { commonConfig, portConfig } from '@quadrille/service-chassis';
import { z } from 'zod';

/** The usual port. */
const PORT = 8002;

/** What inventory-service reads from its environment. */
export const configSchema = z.object({ ...commonConfig, PORT: portConfig(PORT) });

/** The configuration of inventory-service. */
export type Config = z.infer<typeof configSchema>;
