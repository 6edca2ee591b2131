/** Text that people write in requests. */
import { z } from 'zod';

/** Two checks instead of one expression: each takes time in proportion to the text, whatever a stranger sends. */
const READABLE = /[\p{L}\p{N}\p{P}\p{S}]/u;
const ONE_LINE = /^[^\p{Cc}\p{Cs}]*$/u;
const LINES = /^(?:[^\p{Cc}\p{Cs}]|[\n\r\t])*$/u;

const textOf = (allowed: RegExp, error: string, maxLength: number) =>
  z.string().max(maxLength).regex(allowed, error).regex(READABLE, 'must not be blank');

/** One line of text, 1 to `maxLength` characters, not blank, without control characters. */
export const lineSchema = (maxLength: number) =>
  textOf(ONE_LINE, 'must be one line of text without control characters', maxLength);

/**
 * Text of one or more lines, 1 to `maxLength` characters, not blank, without control characters but line breaks and
 * tabs.
 */
export const textSchema = (maxLength: number) => textOf(LINES, 'must be text without control characters', maxLength);
