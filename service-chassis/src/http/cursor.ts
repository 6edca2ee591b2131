/** Lists are walked by keyset: the cursor is the sort key of the last item, opaque to the client. */
import { z } from 'zod';

/** Most items on a page. */
const LIMIT_MAX = 100;

/** Items on a page when the client does not say. */
const LIMIT_DEFAULT = 20;

/** Parts of a sort key are ids and times: printable ASCII. A database would refuse a null character with an error of its own. */
const keySchema = z
  .array(z.string().regex(/^[\x20-\x7e]{0,200}$/))
  .min(1)
  .max(4);

const decode = (cursor: string): unknown => {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString());
  } catch {
    return undefined;
  }
};

/** The query parameters of a list whose sort key is a tuple of strings, for example `[order_id]`. */
export const pageQuery = {
  limit: z.coerce.number().int().min(1).max(LIMIT_MAX).default(LIMIT_DEFAULT).meta({ description: 'items on a page' }),
  cursor: z
    .string()
    .max(1_000)
    .transform((cursor, context) => {
      const key = keySchema.safeParse(decode(cursor));
      if (key.success) return key.data;
      context.addIssue({
        code: 'custom',
        message: 'is not a cursor of this list; leave it out to start at the beginning',
      });
      return z.NEVER;
    })
    .optional()
    .meta({ description: 'next_cursor of the previous page' }),
};

/** The response schema of a list. */
export const pageOf = <Item extends z.ZodType>(item: Item) =>
  z.object({ items: z.array(item), next_cursor: z.string().nullable() });

/** A page from `limit + 1` rows: the extra one only says that there is more. */
export function toPage<Row, Item>(
  rows: readonly Row[],
  limit: number,
  toItem: (row: Row) => Item,
  keyOf: (row: Row) => readonly string[],
): { items: Item[]; next_cursor: string | null } {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const more = rows.length > limit && last !== undefined;
  return {
    items: shown.map(toItem),
    next_cursor: more ? Buffer.from(JSON.stringify(keyOf(last))).toString('base64url') : null,
  };
}
