/** The HTTP operations of the services, from the OpenAPI documents that they serve themselves. */
import { z } from 'zod';
import { shortNames, type ShortName } from '@quadrille/operator/src/services';

/** JSON Schema, as far as these documents use it. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** A parameter in the path, the query or the headers. */
export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly schema: JsonSchema;
}

/** One operation. */
export interface Operation {
  readonly service: ShortName;
  readonly method: string;
  /** With its parameters in braces. */
  readonly path: string;
  readonly tag: string;
  readonly parameters: readonly Parameter[];
  /** Schema of the JSON body; undefined where there is none. */
  readonly body: JsonSchema | undefined;
  /** By status, or by class such as 4XX. */
  readonly answers: ReadonlyMap<string, Answer>;
}

/** What an operation may answer. */
export interface Answer {
  /** Undefined where there is no body. */
  readonly mediaType: string | undefined;
  readonly accepts: (body: unknown) => boolean;
}

const schema = z.record(z.string(), z.unknown());
const content = z.record(z.string(), z.object({ schema: schema.optional() })).optional();
const operationSchema = z.object({
  tags: z.array(z.string()).default([]),
  parameters: z.array(z.object({ name: z.string(), in: z.enum(['path', 'query', 'header']), schema })).default([]),
  requestBody: z.object({ content }).optional(),
  responses: z.record(z.string(), z.object({ content })),
});
const documentSchema = z.object({
  paths: z.record(z.string(), z.record(z.string(), operationSchema)),
  components: z.object({ schemas: z.record(z.string(), schema).default({}) }).optional(),
});

type Components = ReadonlyMap<string, JsonSchema>;

/** Puts the named schemas where they are referred to; none refers to itself. */
function inlined(value: unknown, components: Components): unknown {
  if (Array.isArray(value)) return value.map((each) => inlined(each, components));
  if (typeof value !== 'object' || value === null) return value;
  if ('$ref' in value && typeof value.$ref === 'string')
    return inlined(components.get(value.$ref.replace('#/components/schemas/', '')), components);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, inlined(inner, components)]));
}

function answerOf(found: z.infer<typeof content>, components: Components): Answer {
  const [mediaType, media] = Object.entries(found ?? {})[0] ?? [];
  if (!media?.schema || mediaType === undefined) return { mediaType, accepts: () => true };
  // JSON Schema in, JSON Schema out.
  const reader = z.fromJSONSchema(inlined(media.schema, components) as Parameters<typeof z.fromJSONSchema>[0]);
  return { mediaType, accepts: (body) => reader.safeParse(body).success };
}

/** Reads the document of every service. */
export async function readOperations(urls: Readonly<Record<ShortName, string>>): Promise<Operation[]> {
  const found = await Promise.all(
    shortNames.map(async (service) => {
      const document = documentSchema.parse(await (await fetch(`${urls[service]}/openapi.json`)).json());
      const components = new Map<string, JsonSchema>(Object.entries(document.components?.schemas ?? {}));
      return Object.entries(document.paths).flatMap(([path, methods]) =>
        Object.entries(methods).map(([method, operation]): Operation => {
          const body = operation.requestBody?.content?.['application/json']?.schema;
          return {
            service,
            method: method.toUpperCase(),
            path,
            tag: operation.tags[0] ?? '',
            parameters: operation.parameters,
            // JSON Schema in, JSON Schema out.
            body: body && (inlined(body, components) as JsonSchema),
            answers: new Map(
              Object.entries(operation.responses).map(([status, answer]) => [
                status,
                answerOf(answer.content, components),
              ]),
            ),
          };
        }),
      );
    }),
  );
  return found.flat();
}
