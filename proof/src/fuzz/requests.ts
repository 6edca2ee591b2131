/** Requests for an operation: right ones, and ones with something wrong in every place that a client can write to. */
import fc from 'fast-check';
import { CUSTOMERS, fitting, PRODUCTS } from './fitting';
import { damaged, hostileBodies, hostileText, jsonOf, mutated, wellFormed } from './hostile';
import type { JsonSchema, Operation, Parameter } from './operations';

/** One request, still with places for the ids of things that exist: see `Ids`. */
export interface FuzzRequest {
  readonly method: string;
  /** Path and query, encoded. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | undefined;
}

/** Ids of things that exist, by the name of the parameter; a request names them by number. */
export type Ids = ReadonlyMap<string, readonly string[]>;

/** Stands for the n-th known id, in a path only. */
const placeholder = (parameter: string, n: number) => `~${parameter}~${String(n)}~`;
const PLACEHOLDER = /~(\w+)~(\d+)~/g;

/** The path with ids of things that exist; where there are none yet, with one that does not. */
export const withIds = (target: string, ids: Ids): string =>
  target.replace(PLACEHOLDER, (_, parameter: string, n: string) => {
    const known = ids.get(parameter) ?? [];
    return known[Number(n) % Math.max(1, known.length)] ?? `unknown-${n}`;
  });

/** Escapes what cannot stand in a URL; a lone surrogate has no escape. */
const encoded = (value: string) => encodeURIComponent(wellFormed(value));

function pathValue({ name, schema }: Parameter): fc.Arbitrary<string> {
  const known =
    name === 'product_id'
      ? fc.constantFrom(...PRODUCTS)
      : name === 'customer_id'
        ? fc.constantFrom(...CUSTOMERS)
        : fc.nat({ max: 9_999 }).map((n) => placeholder(name, n));
  return fc.oneof(
    { weight: 8, arbitrary: known },
    { weight: 1, arbitrary: hostileText.map(encoded) },
    // Not escaped: what a URL parser makes of it is part of the question.
    { weight: 1, arbitrary: fc.constantFrom('%', '%zz', '%ff', '%00', '..', 'a%2fb', '%u0041', '~') },
    ...(name === 'product_id' || name === 'customer_id'
      ? []
      : [{ weight: 1, arbitrary: fitting(schema).map((value) => encoded(String(value))) }]),
  );
}

function queryOf(parameters: readonly Parameter[]): fc.Arbitrary<string> {
  const pair = ({ name, schema }: Parameter) =>
    fc
      .oneof({ weight: 3, arbitrary: fitting(schema, name).map(String) }, { weight: 1, arbitrary: hostileText })
      .map((value) => `${name}=${encoded(value)}`);
  const unknown = hostileText.map((value) => `${encoded(value)}=1`);
  const pairs = fc.tuple(
    ...parameters.map((parameter) => fc.option(pair(parameter), { nil: '' })),
    fc.oneof({ weight: 19, arbitrary: fc.constant('') }, { weight: 1, arbitrary: unknown }),
  );
  return pairs
    .map((found) => found.filter((each) => each !== ''))
    .map((found) => (found.length > 0 ? `?${found.join('&')}` : ''));
}

/** Header values that Node would refuse to send are not sent. */
const sendable = (value: string) => value.replace(/[^\t\x20-\x7e\x80-\xff]/g, '');

const oddHeaders = fc.constantFrom<Readonly<Record<string, string>>[]>(
  {},
  { 'content-type': 'text/plain' },
  { 'content-type': 'application/json; charset=utf-16' },
  { 'content-type': 'application/xml' },
  { 'content-type': 'multipart/form-data; boundary=x' },
  { 'content-type': '' },
  { 'content-encoding': 'gzip' },
  { accept: 'image/png' },
  { 'x-request-id': 'x'.repeat(500) },
  { 'x-request-id': "'; --" },
  { traceparent: '00-zz-1-01' },
  { traceparent: `00-${'0'.repeat(32)}-${'0'.repeat(16)}-01` },
  { 'x-forwarded-for': '127.0.0.1, ::1' },
  { 'x-http-method-override': 'DELETE' },
  { range: 'bytes=0-1' },
  { expect: '200-maybe' },
  { cookie: 'a=b; '.repeat(50) },
  { 'if-none-match': '*' },
);

function headersOf(parameters: readonly Parameter[], hasBody: boolean): fc.Arbitrary<Readonly<Record<string, string>>> {
  const declared = fc.record(
    Object.fromEntries(
      parameters.map(({ name, schema }) => [
        name,
        // A client that waits would only make the run longer.
        name === 'prefer'
          ? fc.constantFrom('wait=0', 'wait=1', 'respond-async', 'wait=-1', 'wait=x')
          : fc.oneof(fitting(schema).map(String), hostileText).map(sendable),
      ]),
    ),
    { requiredKeys: [] },
  );
  const odd = fc.oneof({ weight: 9, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: oddHeaders });
  return fc
    .tuple(declared, odd)
    .map(([given, other]) => ({ ...(hasBody ? { 'content-type': 'application/json' } : {}), ...given, ...other }));
}

function bodyOf(schema: JsonSchema): fc.Arbitrary<Buffer> {
  const right = fitting(schema);
  return fc.oneof(
    { weight: 5, arbitrary: right.map(jsonOf) },
    { weight: 5, arbitrary: mutated(right).map(jsonOf) },
    { weight: 1, arbitrary: damaged(right) },
    { weight: 1, arbitrary: fc.constantFrom(...hostileBodies) },
  );
}

/**
 * Methods that an operation may be asked with instead of its own. Not HEAD: where Node's parser refuses the headers it
 * does not say the method, so that the problem has a body, which Node's own client then takes for an answer that breaks
 * the protocol.
 */
const OTHER_METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/** Any request for an operation. */
export function requestOf({ method, path, parameters, body }: Operation): fc.Arbitrary<FuzzRequest> {
  const inPlace = (place: Parameter['in']) => parameters.filter((parameter) => parameter.in === place);
  const values = fc.record(
    Object.fromEntries(inPlace('path').map((parameter) => [parameter.name, pathValue(parameter)])),
  );
  const target = fc
    .tuple(values, queryOf(inPlace('query')))
    .map(([found, query]) => path.replace(/\{(\w+)\}/g, (_, name: string) => found[name] ?? '') + query);
  return fc.record({
    method: fc.oneof(
      { weight: 30, arbitrary: fc.constant(method) },
      { weight: 1, arbitrary: fc.constantFrom(...OTHER_METHODS) },
    ),
    target,
    headers: headersOf(inPlace('header'), body !== undefined),
    body: body ? bodyOf(body) : fc.option(fc.constantFrom(...hostileBodies), { freq: 20, nil: undefined }),
  });
}
