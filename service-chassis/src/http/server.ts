/** The HTTP shell of a service: validation, problems, request ids, traces, limits, OpenAPI, health and metrics. */
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import { fastify, LogController, type FastifyBaseLogger } from 'fastify';
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod';
import { uuidv7 } from 'uuidv7';
import type { Logger } from '../telemetry/log';
import type { ServiceMetrics } from '../telemetry/metrics';
import { childOf, traceIdOf } from '../telemetry/trace';
import { answerClientError, answerExpectation } from './client-errors';
import { addHealthRoutes, type Readiness } from './health';
import { addJsonBodies } from './json-body';
import { transform, transformObject } from './openapi';
import { handleError, sendProblem, shownUrl } from './problem';
import { refuseUnknownQueries, rememberMethods } from './strict-routes';
import type { HttpServer } from './typed-server';

/** Largest request body: an order of 100 lines takes about 9 KiB. */
const BODY_MAX_BYTES = 64 * 1024;

/** A request must have arrived whole within this time; slow clients do not hold sockets. */
const REQUEST_TIMEOUT_MS = 15_000;

/** How often Node looks for requests that are late; its own default would let them have twice their time. */
const CONNECTIONS_CHECK_INTERVAL_MS = 1_000;

/** An idle keep-alive connection is closed after this time. */
const KEEP_ALIVE_TIMEOUT_MS = 30_000;

/** Longest URL parameter: a margin over ids of 64 characters, so that longer ones are told what is wrong with them. */
const PARAM_MAX_LENGTH = 200;

/** What a server is made of. */
export interface HttpServerOptions {
  readonly service: string;
  readonly description: string;
  readonly log: Logger;
  readonly metrics: ServiceMetrics;
  readonly readiness: () => Promise<Readiness>;
  /** Adds the service's own routes. */
  readonly routes: (server: HttpServer) => void;
}

const REQUEST_ID = /^[A-Za-z0-9_-]{1,64}$/;

/** Builds the server without listening; the caller starts and closes it. */
export async function createHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const { service, log } = options;
  // pino's Logger has everything that Fastify asks of one; its generics are only wider.
  const loggerInstance = log as FastifyBaseLogger;
  const server = fastify({
    loggerInstance,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'request_id' }),
    bodyLimit: BODY_MAX_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    // Node takes the longer of these two for the whole request, and its default for the headers is a minute.
    http: { connectionsCheckingInterval: CONNECTIONS_CHECK_INTERVAL_MS, headersTimeout: REQUEST_TIMEOUT_MS },
    clientErrorHandler: answerClientError,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    routerOptions: { maxParamLength: PARAM_MAX_LENGTH },
    forceCloseConnections: 'idle',
    genReqId: (request) => {
      const given = request.headers['x-request-id'];
      return typeof given === 'string' && REQUEST_ID.test(given) ? given : uuidv7();
    },
    frameworkErrors: (error, request, reply) => {
      void reply.header('x-request-id', request.id);
      handleError(error, request, reply);
    },
  }).withTypeProvider<ZodTypeProvider>();
  server.server.on('checkExpectation', answerExpectation);
  addJsonBodies(server);
  server.setValidatorCompiler(validatorCompiler);
  server.setSerializerCompiler(serializerCompiler);
  server.setErrorHandler(handleError);
  const methodsOf = rememberMethods(server);
  refuseUnknownQueries(server);
  server.setNotFoundHandler((request, reply) => {
    const methods = methodsOf(request.url);
    if (methods.length === 0)
      return sendProblem(reply, 404, `${shownUrl(request.url)} does not exist; /docs lists what does.`);
    const allowed = methods.join(', ');
    void reply.header('allow', allowed);
    return sendProblem(reply, 405, `${shownUrl(request.url)} does not know ${request.method}, only ${allowed}.`);
  });
  addTracing(server);
  await server.register(swagger, {
    openapi: { openapi: '3.1.0', info: { title: service, version: '1.0.0', description: options.description } },
    transform,
    transformObject,
  });
  await server.register(swaggerUi, { routePrefix: '/docs', logLevel: 'warn' });
  server.get('/openapi.json', { schema: { hide: true } }, () => server.swagger());
  addHealthRoutes(server, service, options.readiness, options.metrics);
  options.routes(server);
  return server;
}

function addTracing(server: HttpServer): void {
  server.decorateRequest('traceparent', '');
  server.addHook('onRequest', (request, reply, done) => {
    const given = request.headers['traceparent'];
    request.traceparent = childOf(typeof given === 'string' ? given : undefined);
    void reply.header('x-request-id', request.id).header('traceparent', request.traceparent);
    done();
  });
  server.addHook('onResponse', (request, reply, done) => {
    const level = request.method === 'GET' && reply.statusCode < 500 ? 'debug' : 'info';
    request.log[level](
      {
        method: request.method,
        url: request.url,
        status: reply.statusCode,
        trace_id: traceIdOf(request.traceparent),
        ms: Math.round(reply.elapsedTime * 10) / 10,
      },
      'answered',
    );
    done();
  });
}
