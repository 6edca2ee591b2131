/** Whether an answer is one that the operation may give. */
import { z } from 'zod';
import type { Operation } from './operations';

/** One answer. */
export interface FuzzAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Buffer;
  readonly tookMs: number;
}

/** An answer takes no longer, also on a busy machine; `Prefer: wait` is asked for one second at most. */
const ANSWERED_WITHIN_MS = 10_000;

/** RFC 9457, as the services promise it. */
const problemSchema = z.object({
  type: z.string().startsWith('urn:quadrille:problem:'),
  title: z.string().min(1),
  status: z.int(),
  detail: z.string().min(10),
  instance: z.string().min(1),
  errors: z.array(z.object({ field: z.string().min(1), message: z.string().min(1) })),
});

/** A bad request that is not about one field: the whole body or URL is wrong. */
const NO_FIELD = /^(The body is |The URL is |A part of the URL |This is not a well-formed )/;

const parsed = (body: Buffer): unknown => {
  try {
    return JSON.parse(body.toString());
  } catch {
    return undefined;
  }
};

function problemFault({ status, headers, body }: FuzzAnswer): string | undefined {
  if (!String(headers['content-type']).startsWith('application/problem+json'))
    return 'an error that is no problem+json';
  const problem = problemSchema.safeParse(parsed(body));
  if (!problem.success) return `not a problem by RFC 9457: ${z.prettifyError(problem.error)}`;
  const { status: told, detail, errors } = problem.data;
  if (told !== status) return `status ${String(status)}, but the problem says ${String(told)}`;
  if (status === 400 && errors.length === 0 && !NO_FIELD.test(detail)) return `a 400 that names no field: ${detail}`;
  if (status === 405 && headers['allow'] === undefined) return '405 without Allow';
  return undefined;
}

/** What is wrong with an answer to a request with this method; undefined when nothing is. */
export function faultOf(operation: Operation, method: string, answer: FuzzAnswer): string | undefined {
  const { status, headers, body, tookMs } = answer;
  if (tookMs > ANSWERED_WITHIN_MS) return `took ${String(Math.round(tookMs))} ms`;
  if (status >= 500) return `status ${String(status)}: ${body.toString('utf8', 0, 300)}`;
  if (status >= 400) return problemFault(answer);
  if (method !== operation.method) return undefined; // another operation of the same path
  const expected = operation.answers.get(String(status));
  if (!expected) return `status ${String(status)} is not in its OpenAPI document`;
  const { mediaType } = expected;
  if (mediaType === undefined) return undefined;
  const given = String(headers['content-type']);
  if (!given.startsWith(mediaType)) return `${given}, but the OpenAPI document says ${mediaType}`;
  if (mediaType !== 'application/json') return undefined;
  return expected.accepts(parsed(body))
    ? undefined
    : `not as its OpenAPI document says: ${body.toString('utf8', 0, 300)}`;
}
