/** Requests that are no HTTP, or never arrive whole: Node's parser refuses them before Fastify sees a request. */
import type { ConnectionError } from 'fastify';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { uuidv7 } from 'uuidv7';
import { problemOf, PROBLEM_CONTENT_TYPE, shownUrl } from './problem';

/** What the parser's codes mean to a client; anything else is a malformed request. */
const answers: Readonly<Record<string, { readonly status: number; readonly detail: string }>> = {
  HPE_HEADER_OVERFLOW: { status: 431, detail: 'The headers are too large: send at most 16 KiB of them.' },
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, detail: 'The request did not arrive whole in time. Send it again.' },
};
const MALFORMED = { status: 400, detail: 'This is not a well-formed HTTP/1.1 request.' };

/** Answers a request with an unknown Expect header, which Node would answer without a body. */
export function answerExpectation({ url = '' }: IncomingMessage, response: ServerResponse): void {
  const problem = problemOf(417, 'The only expectation that can be met is 100-continue.', shownUrl(url));
  response.writeHead(417, { 'content-type': PROBLEM_CONTENT_TYPE, 'x-request-id': uuidv7() });
  response.end(JSON.stringify(problem));
}

/**
 * Answers with a problem on the bare socket, and closes it: what comes after cannot be told apart from the broken
 * request.
 */
export function answerClientError(error: ConnectionError, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const { status, detail } = answers[error.code] ?? MALFORMED;
  const requestId = uuidv7();
  const problem = problemOf(status, detail, `urn:uuid:${requestId}`);
  const body = JSON.stringify(problem);
  const head = [
    `HTTP/1.1 ${String(status)} ${problem.title}`,
    `content-type: ${PROBLEM_CONTENT_TYPE}`,
    `content-length: ${String(Buffer.byteLength(body))}`,
    `x-request-id: ${requestId}`,
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy());
}
