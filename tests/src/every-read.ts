/** Requests every GET of a service's own OpenAPI document, with every combination of filters, first page and next. */
import { z } from 'zod';

const parameter = z.object({
  name: z.string(),
  in: z.enum(['path', 'query', 'header']),
  schema: z.object({ enum: z.array(z.string()).optional() }).loose(),
});
const document = z.object({
  paths: z.record(z.string(), z.object({ get: z.object({ parameters: z.array(parameter).default([]) }).optional() })),
});
const page = z.object({ next_cursor: z.string().nullish() }).loose();

type Parameter = z.infer<typeof parameter>;

/** Returns all combinations of values for these parameters, each of which may be left out. */
function combinations(filters: readonly Parameter[], known: Readonly<Record<string, string>>): string[][] {
  return filters.reduce<string[][]>(
    (combined, { name, schema }) => {
      const values = schema.enum ?? [known[name] ?? ''];
      return combined.flatMap((query) => [query, ...values.map((value) => [...query, `${name}=${value}`])]);
    },
    [[]],
  );
}

/**
 * Reads everything; `known` has values for the parameters that are no enumeration. Fails for a response other than 200.
 */
export async function readEverything(url: string, known: Readonly<Record<string, string>>): Promise<void> {
  const get = async (path: string): Promise<string> => {
    const response = await fetch(url + path);
    const text = await response.text();
    if (response.status !== 200) throw new Error(`GET ${path}: ${String(response.status)} ${text}`);
    return text;
  };
  const { paths } = document.parse(JSON.parse(await get('/openapi.json')));
  for (const [template, { get: operation }] of Object.entries(paths)) {
    if (!operation) continue;
    const path = template.replace(/\{(\w+)\}/g, (_, name: string) => known[name] ?? name);
    const query = operation.parameters.filter((each) => each.in === 'query');
    const filters = query.filter(({ name }) => name !== 'limit' && name !== 'cursor');
    if (!query.some(({ name }) => name === 'cursor')) {
      await get(path);
      continue;
    }
    const first = page.parse(JSON.parse(await get(`${path}?limit=1`)));
    const next = first.next_cursor ? [[], [`cursor=${first.next_cursor}`]] : [[]];
    for (const set of combinations(filters, known)) {
      for (const from of next) await get(`${path}?${[...set, ...from].join('&')}`);
    }
  }
}
