/** What every route refuses alike: other methods than its own, and query parameters that it does not know. */
import { z } from 'zod';
import type { HttpServer } from './typed-server';

/** Routes that machines ask with parameters of their own. */
const LENIENT_TAG = 'health';

const noQuerySchema = z.strictObject({});

/**
 * Makes routes that are added after this refuse query parameters that they do not name, as they refuse fields of
 * bodies.
 */
export function refuseUnknownQueries(server: HttpServer): void {
  server.addHook('onRoute', (route) => {
    const { schema } = route;
    if (!schema || schema.hide === true || schema.querystring !== undefined) return;
    if (schema.tags?.includes(LENIENT_TAG) === true) return;
    route.schema = { ...schema, querystring: noQuerySchema };
  });
}

const segmentsOf = (path: string) => path.split('/');

/** Whether a path is one of a route's: a parameter stands for any one segment. */
function matches(route: readonly string[], path: readonly string[]): boolean {
  return (
    route.length === path.length &&
    route.every((segment, index) => (segment.startsWith(':') ? path[index] !== '' : segment === path[index]))
  );
}

/**
 * Remembers the routes that are added after this; returns the methods that the path of a URL has, none when it does not
 * exist.
 */
export function rememberMethods(server: HttpServer): (url: string) => readonly string[] {
  const known: { readonly segments: readonly string[]; readonly methods: readonly string[] }[] = [];
  server.addHook('onRoute', ({ url, method }) => {
    known.push({ segments: segmentsOf(url), methods: [method].flat() });
  });
  return (url) => {
    const path = segmentsOf(url.split('?', 1)[0] ?? '');
    const methods = known.filter(({ segments }) => matches(segments, path)).flatMap((route) => route.methods);
    return [...new Set(methods)].sort();
  };
}
