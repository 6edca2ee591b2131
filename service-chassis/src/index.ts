/**
 * The Microservice chassis (https://microservices.io/patterns/microservice-chassis.html) of the four services: what a
 * service may use of it, room by room.
 */
export type { Decision, DelayedMessage, Handled, Input, PublishedEvent, RequestedEffect } from './contract/decision';
export { decideBy, type ServiceTable } from './contract/service-table';
export type { Store, WorkingSet } from './contract/store';
export { controlExchange, delayRoutingKey } from './contract/topology';
export type { Wake } from './contract/wake';
export { createParticipant, type Participant, type ParticipantOptions } from './participant';
export {
  commonConfig,
  millisecondsSchema,
  portConfig,
  readConfig,
  ConfigurationError,
  type CommonConfig,
} from './lifecycle/config';
export { run, type App } from './lifecycle/run';
export { createServiceHost, layFoundation, type Foundation } from './lifecycle/service-host';
export { createBatcher, OverloadedError, type Batcher } from './processing/batcher';
export {
  dueInMs,
  isPast,
  isStale,
  momentInMs,
  msFromNow,
  ROW_TIMES,
  type DueSettings,
  type RowTimes,
} from './database/due-times';
export { countOverdue, findOverdue, SWEPT_WITHIN_MS } from './processing/overdue';
export { openPool, type Pool, type PoolClient } from './database/pool';
export { inTransaction, lockKeys } from './database/transaction';
export { isTransient } from './database/transient';
export { pageOf, pageQuery, toPage } from './http/cursor';
export { noBodySchema } from './http/json-body';
export { moneySchema, toDecimal } from './http/money';
export { problemSchema, sendProblem } from './http/problem';
export { lineSchema, textSchema } from './http/text';
export type { HttpServer } from './http/typed-server';
export { reasonOf } from './telemetry/error-reason';
export { createLogger, prettyOptions, type Logger } from './telemetry/log';
export { createMetrics, type ServiceMetrics, type StatusCount } from './telemetry/metrics';
export { traceIdOf } from './telemetry/trace';
export { backoffMs, pause } from './timing/backoff';
export { failpoint } from './timing/failpoint';
export { createSemaphore, type Semaphore } from './timing/semaphore';
export { withTimeout } from './timing/timeout';
export { wholeNumberSchema } from './validation/whole-number';
export { installZodMessages } from './validation/zod-messages';
