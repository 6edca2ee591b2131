/** The Microservice chassis (https://microservices.io/patterns/microservice-chassis.html) of the four services. */
import './validation/zod-messages';

export {
  commonConfig,
  millisecondsSchema,
  portConfig,
  readConfig,
  ConfigurationError,
  type CommonConfig,
} from './lifecycle/config';
export { backoffMs, pause } from './timing/backoff';
export { inTransaction, isTransient, lockKeys, openPool, type Pool, type PoolClient } from './database/transaction';
export type { Decision, DelayedMessage, Input, PublishedEvent } from './contract/decision';
export { failpoint } from './timing/failpoint';
export { pageOf, pageQuery, toPage } from './http/cursor';
export { noBodySchema } from './http/json-body';
export { moneySchema, toDecimal } from './http/money';
export { problemSchema, sendProblem } from './http/problem';
export { lineSchema, textSchema } from './http/text';
export type { HttpServer } from './http/typed-server';
export { createBatcher, OverloadedError, type Batcher } from './processing/batcher';
export { createLogger, prettyOptions, type Logger } from './telemetry/log';
export { createMetrics, type ServiceMetrics, type StatusCount } from './telemetry/metrics';
export { startParticipant, type Participant } from './participant';
export {
  controlExchange,
  delayRoutingKey,
  type Handled,
  type RequestedEffect,
  type Store,
  type WorkingSet,
} from './processing/processor';
export { reasonOf } from './telemetry/error-reason';
export { run, type App } from './lifecycle/run';
export { createServiceHost, layFoundation, type Foundation } from './lifecycle/service-host';
export { traceIdOf } from './telemetry/trace';
export { SWEPT_WITHIN_MS } from './processing/sweeper';
export { wholeNumberSchema } from './validation/whole-number';
export { decideBy, type ServiceTable } from './contract/service-table';
