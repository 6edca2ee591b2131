/** What OpenAPI says of every operation besides its own good answers: that errors are problems. */
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod';

/** The media type of a problem, without parameters. */
const PROBLEM = 'application/problem+json';

/** For operations that name no answer of their own. */
const NO_ANSWER_NAMED = { 200: { description: 'Success' } };

const errors = {
  '4XX': {
    description: 'The request cannot be served; the problem says why and what to do',
    content: { [PROBLEM]: { schema: { $ref: '#/components/schemas/Problem' } } },
  },
  '5XX': {
    description: 'The service cannot serve the request now',
    content: { [PROBLEM]: { schema: { $ref: '#/components/schemas/Problem' } } },
  },
};

/** The transform of a route's schema: zod to JSON Schema, with the errors that every operation may answer. */
export const transform: typeof jsonSchemaTransform = (document) => {
  const transformed = jsonSchemaTransform(document);
  // A copy, also of the schema that a route does not have, although its type says so.
  const schema = { ...transformed.schema };
  if (schema.hide === true) return transformed;
  const response = schema.response ?? NO_ANSWER_NAMED;
  return { ...transformed, schema: { ...schema, response: { ...response, ...errors } } };
};

/** The transform of the whole document: named schemas become components, as far as anything refers to them. */
export const transformObject: typeof jsonSchemaTransformObject = (input) => {
  const document = jsonSchemaTransformObject(input);
  if (!('components' in document)) return document;
  const schemas = document.components.schemas ?? {};
  const used = new Set<string>();
  const follow = (part: unknown) => {
    for (const [, name = ''] of JSON.stringify(part).matchAll(/"#\/components\/schemas\/([^"]+)"/g)) {
      if (used.has(name)) continue;
      used.add(name);
      follow(schemas[name] ?? {});
    }
  };
  follow(document.paths ?? {});
  // The transform has just made this object; nobody else holds it.
  for (const name of Object.keys(schemas)) if (!used.has(name)) Reflect.deleteProperty(schemas, name);
  return document;
};
