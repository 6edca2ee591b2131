/** The Microservice chassis (https://microservices.io/patterns/microservice-chassis.html) of the four services. */
import './plain-words';

export {
  commonConfig,
  millisecondsSchema,
  portConfig,
  readConfig,
  ConfigurationError,
  type CommonConfig,
} from './config';
export { backoffMs, pause } from './backoff';
export { inTransaction, isTransient, lockKeys, openPool, type Pool, type PoolClient } from './database';
export type { Decision, DelayedMessage, Input, Published } from './decision';
export { failpoint } from './failpoint';
export { pageOf, pageQuery, toPage } from './http/cursor';
export { noBodySchema } from './http/json-body';
export { moneySchema, toDecimal } from './http/money';
export { problemSchema, sendProblem } from './http/problem';
export { lineSchema, textSchema } from './http/text';
export type { HttpServer } from './http/typed-server';
export { createLane, LaneFullError, type Lane } from './lane';
export { createLogger, prettyOptions, type Logger } from './log';
export { createMetrics, type ServiceMetrics, type StatusCount } from './metrics';
export { startParticipant, type Participant } from './participant';
export {
  controlExchange,
  delayRoutingKey,
  type Handled,
  type RequestedEffect,
  type Store,
  type WorkingSet,
} from './processor';
export { reasonOf } from './reason';
export { run, type App } from './run';
export { createService, layFoundation, type Foundation } from './service';
export { traceIdOf } from './trace';
export { SWEPT_WITHIN_MS } from './sweeper';
export { wholeNumberSchema } from './whole-number';
export { decideBy, type ServiceTable } from './table';
