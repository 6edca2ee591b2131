/** Lists are walked by keyset: the cursor is the sort key of the last item, opaque to the client. */
import { z } from 'zod';
import { wholeNumberSchema } from '../validation/whole-number';

/** Most items on a page. */
const LIMIT_MAX = 100;

/** Items on a page when the client does not say. */
const LIMIT_DEFAULT = 20;

/** Longest cursor: the name of a list and an id, in base64. */
const CURSOR_MAX_LENGTH = 1_000;

/** A sort key is an id: printable ASCII. A database would refuse a null character with an error of its own. */
const keySchema = z.string().regex(/^[\x20-\x7e]{0,200}$/);

const decode = (cursor: string): unknown => {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString());
  } catch {
    return undefined;
  }
};

/** The query parameters of a list that is sorted by one key. `list` names it: a cursor of another list is refused. */
export const pageQuery = (list: string) => {
  const cursorSchema = z.tuple([z.literal(list), keySchema]);
  return {
    limit: wholeNumberSchema(1, LIMIT_MAX).default(LIMIT_DEFAULT).meta({ description: 'items on a page' }),
    cursor: z
      .string()
      .max(CURSOR_MAX_LENGTH)
      .transform((cursor, context) => {
        const parsed = cursorSchema.safeParse(decode(cursor));
        if (parsed.success) return parsed.data[1];
        context.addIssue({
          code: 'custom',
          message: 'is not a cursor of this list; leave it out to start at the beginning',
        });
        return z.NEVER;
      })
      .optional()
      .meta({ description: 'next_cursor of the previous page' }),
  };
};

/** The response schema of a list. */
export const pageOf = <Item extends z.ZodType>(item: Item) =>
  z.object({ items: z.array(item), next_cursor: z.string().nullable() });

/** A page of `list` from `limit + 1` rows: the extra one only says that there is more. */
export function toPage<Row, Item>(
  list: string,
  rows: readonly Row[],
  limit: number,
  toItem: (row: Row) => Item,
  keyOf: (row: Row) => string,
): { items: Item[]; next_cursor: string | null } {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const more = rows.length > limit && last !== undefined;
  return {
    items: shown.map(toItem),
    next_cursor: more ? Buffer.from(JSON.stringify([list, keyOf(last)])).toString('base64url') : null,
  };
}
