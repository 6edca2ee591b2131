/** Values that fit a JSON Schema. */
import fc from 'fast-check';
import { hostileText } from './hostile';
import type { JsonSchema } from './operations';

const names = (kind: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, n) => `fuzz-${kind}-${String(n)}`);

/** Products that requests may make and order: few, so that a run leaves few behind. */
export const PRODUCTS = names('product', 8);

/** Customers that requests may name, likewise. */
export const CUSTOMERS = names('customer', 50);

const text = (value: unknown): value is string => typeof value === 'string';
const list = (value: unknown): readonly JsonSchema[] => (Array.isArray(value) ? (value as JsonSchema[]) : []);
const number = (value: unknown, otherwise: number) => (typeof value === 'number' ? value : otherwise);

/** Most items that a generated list has, unless its schema wants more. */
const ITEMS_MAX = 3;

/** Longest generated text. */
const TEXT_MAX = 40;

/** Values that fit a schema, or nearly so: that none is refused is not promised, and not needed. */
export function fitting(schema: JsonSchema, name = ''): fc.Arbitrary<unknown> {
  if (name === 'product_id') return fc.constantFrom(...PRODUCTS);
  if (name === 'customer_id') return fc.constantFrom(...CUSTOMERS);
  const choices = [...list(schema['anyOf']), ...list(schema['oneOf'])];
  if (choices.length > 0) return fc.oneof(...choices.map((choice) => fitting(choice, name)));
  if ('const' in schema) return fc.constant(schema['const']);
  if (Array.isArray(schema['enum'])) return fc.constantFrom(...(schema['enum'] as unknown[]));
  switch (schema['type']) {
    case 'object': {
      const required = Array.isArray(schema['required']) ? (schema['required'] as string[]) : [];
      // By JSON Schema an object of schemas.
      const properties = Object.entries((schema['properties'] ?? {}) as Record<string, JsonSchema>);
      const record = Object.fromEntries(properties.map(([key, inner]) => [key, fitting(inner, key)]));
      return fc.record(record, { requiredKeys: required.filter((key) => key in record) });
    }
    case 'array': {
      const minLength = number(schema['minItems'], 0);
      return fc.array(fitting((schema['items'] ?? {}) as JsonSchema), { minLength, maxLength: minLength + ITEMS_MAX });
    }
    case 'integer':
      return fc.integer({
        min: number(schema['minimum'], -10),
        max: Math.min(number(schema['maximum'], 10), 1_000_000),
      });
    case 'number':
      return fc.double({ min: number(schema['minimum'], 0), max: number(schema['maximum'], 1_000), noNaN: true });
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'string':
      return fittingText(schema);
    default:
      return fc.constantFrom('1.00', 'text', 3, null);
  }
}

function fittingText(schema: JsonSchema): fc.Arbitrary<string> {
  if (schema['format'] === 'email') return fc.emailAddress();
  if (text(schema['pattern'])) {
    try {
      return fc.stringMatching(new RegExp(schema['pattern']));
    } catch {
      return hostileText; // a pattern that fast-check cannot follow
    }
  }
  const minLength = number(schema['minLength'], 0);
  return fc.string({
    minLength,
    maxLength: Math.max(minLength, Math.min(TEXT_MAX, number(schema['maxLength'], TEXT_MAX))),
  });
}
