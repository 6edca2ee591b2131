/** The HTTP shell around a very small service, which keeps things. */
import { pino } from 'pino';
import { z } from 'zod';
import { createMetrics, installZodMessages, noBodySchema, type HttpServer } from '../src';
import { createHttpServer } from '../src/http/server';
import { OverloadedError } from '../src/processing/batcher';

const thing = z.strictObject({
  name: z.string().min(1),
  parts: z.array(z.strictObject({ size: z.int().min(1) })).max(2),
});

function addRoutes(server: HttpServer): void {
  server.post('/things', { schema: { body: thing, response: { 200: thing } } }, (request) => request.body);
  server.get('/things/:id', { schema: { params: z.object({ id: z.string().regex(/^[a-z]{1,64}$/) }) } }, (request) => ({
    id: request.params.id,
    traceparent: request.traceparent,
  }));
  server.delete('/things/:id', { schema: { body: noBodySchema } }, () => ({ gone: true }));
  server.get('/busy', () => {
    throw new OverloadedError('full');
  });
  server.get('/broken', () => {
    throw new Error('the secret of the inside');
  });
}

/** A server of these routes that does not listen. */
export function createThingServer(): Promise<HttpServer> {
  installZodMessages(); // as `run` does
  return createHttpServer({
    service: 'thing-service',
    description: 'Keeps things.',
    log: pino({ level: 'silent' }),
    metrics: createMetrics('thing-service'),
    readiness: () => Promise.resolve({ status: 'degraded', problems: { publisher: 'connect ECONNREFUSED' } }),
    routes: addRoutes,
  });
}

/** A body that `POST /things` accepts. */
export const good = { name: 'n', parts: [] };

/** The header of a body of JSON. */
export const json = { 'content-type': 'application/json' };
