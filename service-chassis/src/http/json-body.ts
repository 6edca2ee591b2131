/** Request bodies: JSON, or refused with 415. */
import { z } from 'zod';
import type { HttpServer } from './typed-server';

/** The body of a request that takes none: nothing, or an empty object, whatever Content-Type a client always sends. */
export const noBodySchema = z.strictObject({}).nullish();

/** JSON.parse throws this; a problem in the error handler by its code. */
const invalidJson = () =>
  Object.assign(new Error('The body is not valid JSON.'), { code: 'FST_ERR_CTP_INVALID_JSON_BODY' });

/**
 * Reads bodies. An empty one is no body: a route that needs one says so by its schema. Keys such as `__proto__` are
 * left to the schemas, which are strict and name them.
 */
export function addJsonBodies(server: HttpServer): void {
  // Fastify reads text/plain too.
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, text, done) => {
    if (text === '') {
      done(null, undefined);
      return;
    }
    try {
      done(null, JSON.parse(String(text)));
    } catch {
      done(invalidJson());
    }
  });
}
