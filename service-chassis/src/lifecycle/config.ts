/** Configuration comes from the environment, is read once, and is either right as a whole or refused as a whole. */
import { z } from 'zod';
import { createFailpoint, FAILPOINT_ERROR } from '../timing/failpoint';
import { wholeNumberSchema } from '../validation/whole-number';

/** The environment is wrong. The message lists every problem, one a line. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
}

/** Healing begins after this time by default: no healthy saga, its three retries included, takes as long. */
const HEALING_AFTER_MS = 30_000;

/**
 * Connections to the database: the lanes of a service use five at once, six while a redelivered message is counted;
 * requests use the rest.
 */
const DATABASE_POOL_SIZE = 8;

/** A whole number of milliseconds from the environment. */
export const millisecondsSchema = wholeNumberSchema(1, 86_400_000);

const brokerUrlSchema = z.url({ protocol: /^amqps?$/ });

const BROKER_URLS_ERROR = 'must be an amqp:// or amqps:// URL, or several of one cluster, separated by commas';

/** One URL, or those of the nodes of a cluster. */
const brokerUrlsSchema = z
  .string(BROKER_URLS_ERROR)
  .transform((text) => text.split(',').map((url) => url.trim()))
  .refine((urls) => urls.every((url) => brokerUrlSchema.safeParse(url).success), BROKER_URLS_ERROR)
  .transform((urls) => urls.join(','));

/** What every service reads from its environment. */
export const commonConfig = {
  HOST: z.string().min(1).default('127.0.0.1').describe('address to listen on'),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/, error: 'must be a postgresql:// URL' }),
  DATABASE_POOL_SIZE: wholeNumberSchema(5, 100).default(DATABASE_POOL_SIZE),
  RABBITMQ_URL: brokerUrlsSchema,
  CURRENCY: z
    .string()
    .regex(/^[A-Z]{3}$/, 'must be three capital letters (ISO 4217)')
    .default('USD'),
  HEALING_AFTER_MS: millisecondsSchema.default(HEALING_AFTER_MS),
  FAILPOINT: z
    .string()
    .refine((armed) => createFailpoint(armed) !== undefined, FAILPOINT_ERROR)
    .optional()
    .describe('for fault tests only: read by failpoint.ts, refused here'),
};

/** The port that a service listens on, with its usual one as default; 0 takes any free one. */
export const portConfig = (usual: number) => wholeNumberSchema(0, 65_535).default(usual);

/** The configuration that every service has. */
export type CommonConfig = z.infer<z.ZodObject<typeof commonConfig>>;

/** Reads the environment. Empty variables count as unset. Throws ConfigurationError with every problem listed. */
export function readConfig<Schema extends z.ZodType>(schema: Schema, env: NodeJS.ProcessEnv): z.infer<Schema> {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => {
    const name = issue.path.join('.');
    return `  ${name}: ${given[name] === undefined && issue.message !== 'is missing' ? 'is missing; ' : ''}${issue.message}`;
  });
  throw new ConfigurationError(`The environment is not right:\n${problems.join('\n')}`);
}
