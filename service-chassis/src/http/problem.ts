/** Errors as RFC 9457 problem details (https://www.rfc-editor.org/rfc/rfc9457). */
import { STATUS_CODES } from 'node:http';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { isTransient } from '../database/transient';
import { OverloadedError } from '../processing/batcher';
import { loggedReason } from '../telemetry/error-reason';

/** The body of every error, as it stands in OpenAPI. */
export const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    instance: z.string(),
    errors: z.array(z.object({ field: z.string(), message: z.string() })),
  })
  .meta({ id: 'Problem', description: 'RFC 9457 problem details' });

/** One field at fault, and what would be right. */
export interface FieldError {
  readonly field: string;
  readonly message: string;
}

/** The media type of a problem. */
export const PROBLEM_CONTENT_TYPE = 'application/problem+json; charset=utf-8';

/** When a client should come back after 429 or 503, in seconds. */
const RETRY_AFTER_S = 1;

/** Longest URL that an answer repeats, in characters: a margin over the longest of ours. */
const URL_SHOWN_MAX = 300;

/** A URL as an answer may repeat it. */
export const shownUrl = (url: string): string =>
  url.length > URL_SHOWN_MAX ? `${url.slice(0, URL_SHOWN_MAX)}...` : url;

/** The kinds of problem, by status: the last part of their `type`. */
const slugs: Readonly<Record<number, string>> = {
  400: 'invalid-request',
  404: 'not-found',
  405: 'method-not-allowed',
  408: 'request-timeout',
  409: 'wrong-state',
  413: 'body-too-large',
  415: 'unsupported-media-type',
  417: 'expectation-failed',
  422: 'idempotency-key-reused',
  429: 'too-many-requests',
  431: 'headers-too-large',
  503: 'unavailable',
};

/** A problem. `instance` names the request, or this occurrence when there is none. */
export const problemOf = (
  status: number,
  detail: string,
  instance: string,
  errors: readonly FieldError[] = [],
): z.infer<typeof problemSchema> => ({
  type: `urn:quadrille:problem:${slugs[status] ?? 'internal-error'}`,
  title: STATUS_CODES[status] ?? 'Error',
  status,
  detail,
  instance,
  errors: [...errors],
});

/** Answers with a problem. `detail` says what is wrong and what to do about it. */
export function sendProblem(
  reply: FastifyReply,
  status: number,
  detail: string,
  errors: readonly FieldError[] = [],
): FastifyReply {
  if (status === 429 || status === 503) void reply.header('retry-after', String(RETRY_AFTER_S));
  const problem = problemOf(status, detail, shownUrl(reply.request.url), errors);
  // Serialized here: a route's response schemas know only its good answers.
  return reply.status(status).type(PROBLEM_CONTENT_TYPE).serializer(JSON.stringify).send(problem);
}

/**
 * The one error handler: expected errors become problems that help, unexpected ones are logged and say nothing of the
 * inside.
 */
export function handleError(error: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (hasZodFastifySchemaValidationErrors(error)) {
    if (error.validationContext === 'body' && (request.body ?? null) === null)
      return sendProblem(reply, 400, 'The body is empty: send a JSON object.');
    const found = error.validation.flatMap(({ keyword, instancePath, message, params }) =>
      fieldErrors(error.validationContext ?? 'request', instancePath, keyword, message ?? 'is not valid', params),
    );
    // A field of the wrong kind fails its bounds too: the first thing to mend is enough.
    const errors = [...new Map(found.toReversed().map((one) => [one.field, one])).values()].toReversed();
    return sendProblem(reply, 400, errors.map(({ field, message }) => `${field}: ${message}`).join('; '), errors);
  }
  const known = knownErrors[error.code];
  if (known) return sendProblem(reply, known.status, known.detail);
  if (error instanceof OverloadedError)
    return sendProblem(
      reply,
      503,
      'The service is busy. Send the same request again after Retry-After; with an Idempotency-Key it is safe.',
    );
  if (isTransient(error)) {
    request.log.warn(loggedReason(error), 'the database did not answer a request');
    return sendProblem(
      reply,
      503,
      'The database is not answering just now. Send the same request again after Retry-After; with an Idempotency-Key it is safe.',
    );
  }
  if (error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500) {
    return sendProblem(reply, error.statusCode, error.message);
  }
  request.log.error({ err: error, request_id: request.id }, 'a request failed');
  return sendProblem(reply, 500, `Something went wrong on our side. Quote request id ${request.id}.`);
}

const knownErrors: Readonly<Record<string, { readonly status: number; readonly detail: string }>> = {
  FST_ERR_CTP_INVALID_JSON_BODY: {
    status: 400,
    detail: 'The body is not valid JSON: send one JSON object, with names and texts in double quotes.',
  },
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: {
    status: 400,
    detail: 'The body is not as long as Content-Length says: send it whole, with its length in bytes.',
  },
  FST_ERR_CTP_INVALID_MEDIA_TYPE: { status: 415, detail: 'Send the body as Content-Type: application/json.' },
  FST_ERR_CTP_BODY_TOO_LARGE: { status: 413, detail: 'The body may have at most 64 KiB.' },
  FST_ERR_BAD_URL: { status: 400, detail: 'The URL is not valid: each % must begin an escape such as %20, in UTF-8.' },
  FST_ERR_MAX_PARAM_LENGTH: {
    status: 400,
    detail: 'A part of the URL is too long: an id has at most 64 characters of A-Z a-z 0-9 _ -.',
  },
};

/** `/items/0/quantity` of a body is the field `items[0].quantity`; unknown keys are each named as a field. */
function fieldErrors(
  context: string,
  path: string,
  keyword: string,
  message: string,
  params: Record<string, unknown>,
): FieldError[] {
  const field = path
    .split('/')
    .filter(Boolean)
    .reduce((name, part) => (/^\d+$/.test(part) ? `${name}[${part}]` : name === '' ? part : `${name}.${part}`), '');
  if (keyword === 'unrecognized_keys' && Array.isArray(params['keys'])) {
    return params['keys'].map(String).map((key) => ({
      // A key may be empty; the name of a field may not.
      field: key === '' ? `${field}[""]` : field === '' ? key : `${field}.${key}`,
      message: 'is not a known field; remove it',
    }));
  }
  return [{ field: field === '' ? context : field, message }];
}
