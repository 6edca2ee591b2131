/** The table of the events: what each says, who publishes it, who hears it, and its data. */
import { events, eventTypes, publisherOf, type EventType } from '@quadrille/shared-events';
import { z } from 'zod';
import { services, shortNames } from '@quadrille/operator/src/services';
import { markdownTable } from '../markdown-table';

type Schema = z.core.JSONSchema.JSONSchema;

/** What every event says of its order: not repeated in each row. */
const COMMON: ReadonlySet<string> = new Set(['orderId', 'customerId']);

/** A schema, or nothing where there is just true or false. */
const asSchema = (schema: Schema | boolean | undefined): Schema => (typeof schema === 'object' ? schema : {});

const isNull = (schema: Schema | boolean): boolean => asSchema(schema).type === 'null';

/** A field by its name, with the fields inside of it, and what else it may be. */
function fieldOf(name: string, schema: Schema, required: boolean): string {
  const alternatives = schema.anyOf ?? [schema];
  const value = asSchema(alternatives.find((each) => !isNull(each)));
  const inside = value.type === 'array' ? `[${fieldsOf(itemsOf(value))}]` : '';
  const values = value.enum === undefined ? '' : `: ${inWords(value.enum.map(String))}`;
  return `${name}${required ? '' : '?'}${inside}${values}${alternatives.some(isNull) ? ' or null' : ''}`;
}

const itemsOf = ({ items }: Schema): Schema => asSchema(Array.isArray(items) ? items[0] : items);

/** The fields of an object's schema, in its order. */
export function fieldsOf({ properties = {}, required = [] }: Schema, without: ReadonlySet<string> = new Set()): string {
  return Object.entries(properties)
    .filter(([name]) => !without.has(name))
    .map(([name, schema]) => fieldOf(name, asSchema(schema), required.includes(name)))
    .join(', ');
}

/** Several words as one would say them. */
export const inWords = (words: readonly string[]): string =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1) ?? ''}`;

const shortNameOf = (service: string) => service.replace(/-service$/, '');

const hearersOf = (type: EventType): string[] => shortNames.filter((name) => type in services[name].table.hears);

/** The table, in the order of the events' own table. */
export const eventTable = (): string =>
  markdownTable(
    ['Event', 'Says', 'Published by', 'Heard by', 'Data, besides orderId and customerId'],
    eventTypes.map((type) => [
      type,
      events[type].says,
      shortNameOf(publisherOf(type)),
      hearersOf(type).join(', '),
      fieldsOf(z.toJSONSchema(events[type].data, { io: 'input' }), COMMON),
    ]),
  );
