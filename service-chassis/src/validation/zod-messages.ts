/** What zod finds wrong, in words for the person who has to put it right: each message says what would be right. */
import { z } from 'zod';

const kinds: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
};

const formats: Readonly<Record<string, string>> = {
  email: 'an e-mail address',
  url: 'a URL',
  uuid: 'a UUID',
  datetime: 'a date and time such as 2030-01-31T12:00:00Z',
};

const units: Readonly<Record<string, string>> = { string: 'character', array: 'item' };

function bound(origin: string, side: 'least' | 'most', limit: number | bigint, inclusive: boolean): string {
  const unit = units[origin];
  const amount = `at ${side} ${String(limit)}`;
  if (unit !== undefined) return `must have ${amount} ${unit}${Number(limit) === 1 ? '' : 's'}`;
  return inclusive ? `must be ${amount}` : `must be ${side === 'least' ? 'more' : 'less'} than ${String(limit)}`;
}

/** The message for an issue; undefined leaves zod its own. Messages that a schema brings along come before these. */
const inPlainWords: z.core.$ZodErrorMap = (issue) => {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined ? 'is missing' : `must be ${kinds[issue.expected] ?? issue.expected}`;
    case 'invalid_value':
      if (issue.input === undefined) return 'is missing';
      return `must be ${issue.values.length > 1 ? 'one of ' : ''}${issue.values.map(String).join(', ')}`;
    case 'invalid_format':
      return `must be ${formats[issue.format] ?? 'in the form that the documentation shows'}`;
    case 'too_small':
      return bound(issue.origin, 'least', issue.minimum, issue.inclusive !== false);
    case 'too_big':
      return bound(issue.origin, 'most', issue.maximum, issue.inclusive !== false);
    case 'invalid_union':
      return issue.input === undefined ? 'is missing' : 'is of none of the forms that are accepted here';
    case 'unrecognized_keys':
      return `has unknown fields: ${issue.keys.join(', ')}; remove them`;
    default:
      return undefined;
  }
};

/**
 * Has zod use these messages in the whole process, for requests and environment alike. To be called by what begins a
 * process, before anything is parsed.
 */
export function installZodMessages(): void {
  z.config({ customError: inPlainWords });
}
