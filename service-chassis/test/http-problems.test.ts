/** Requests that the HTTP shell refuses, each with a problem that says what would be right. */
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import type { HttpServer } from '../src';
import { createThingServer, good, json } from './thing-server';

let server: HttpServer;

beforeEach(async () => {
  server = await createThingServer();
});
afterEach(async () => {
  await server.close();
});

const post = (payload: string, headers: Record<string, string> = json) =>
  server.inject({ method: 'POST', url: '/things', payload, headers });

const problems: readonly (readonly [string, () => ReturnType<typeof post>, number, object])[] = [
  [
    'broken JSON',
    () => post('{"name": '),
    400,
    { detail: 'The body is not valid JSON: send one JSON object, with names and texts in double quotes.', errors: [] },
  ],
  ['no body', () => post(''), 400, { detail: expect.stringContaining('empty') as string }],
  ['null', () => post('null'), 400, {}],
  [
    '__proto__',
    () => post('{"__proto__": {"admin": true}, "name": "n", "parts": []}'),
    400,
    { detail: '__proto__: is not a known field; remove it' },
  ],
  [
    '__proto__ further inside',
    () => post('{"name": "n", "parts": [{"size": 1, "\\u005f_proto__": {}}]}'),
    400,
    { detail: 'parts[0].__proto__: is not a known field; remove it' },
  ],
  [
    'constructor',
    () => post('{"constructor": {"prototype": {"a": 1}}, "name": "n", "parts": []}'),
    400,
    { detail: 'constructor: is not a known field; remove it' },
  ],
  ['a field that is missing', () => post('{"parts": []}'), 400, { detail: 'name: is missing' }],
  ['a list for text', () => post('{"name": [], "parts": []}'), 400, { detail: 'name: must be text' }],
  ['text for a list', () => post('{"name": "n", "parts": "p"}'), 400, { detail: 'parts: must be a list' }],
  [
    'text for a number',
    () => post('{"name": "n", "parts": [{"size": "1"}]}'),
    400,
    { detail: 'parts[0].size: must be a number' },
  ],
  [
    'half a piece',
    () => post('{"name": "n", "parts": [{"size": 1.5}]}'),
    400,
    { detail: 'parts[0].size: must be a whole number' },
  ],
  [
    'too many',
    () => post('{"name": "n", "parts": [{"size": 1}, {"size": 1}, {"size": 1}]}'),
    400,
    { detail: 'parts: must have at most 2 items' },
  ],
  [
    'a body where none belongs',
    () => server.inject({ method: 'DELETE', url: '/things/a', payload: { why: 'broken' } }),
    400,
    { detail: 'why: is not a known field; remove it' },
  ],
  [
    'fields at fault',
    () => post(JSON.stringify({ name: '', parts: [{ size: 0 }] })),
    400,
    {
      errors: [
        { field: 'name', message: 'must have at least 1 character' },
        { field: 'parts[0].size', message: 'must be at least 1' },
      ],
    },
  ],
  [
    'an unknown field',
    () => post(JSON.stringify({ ...good, colour: 'red' })),
    400,
    { errors: [{ field: 'colour', message: 'is not a known field; remove it' }] },
  ],
  ['a malformed id', () => server.inject({ url: '/things/UPPER' }), 400, { errors: [{ field: 'id' }] }],
  ['an endless id', () => server.inject({ url: `/things/${'a'.repeat(5_000)}` }), 400, {}],
  ['a broken escape', () => server.inject({ url: '/things/%E0%A4%A' }), 400, {}],
  ['an endless broken escape', () => server.inject({ url: `/things/%E0${'a'.repeat(9_000)}` }), 400, {}],
  ['an endless path', () => server.inject({ url: `/${'a'.repeat(9_000)}` }), 404, {}],
  [
    'an unknown path',
    () => server.inject({ url: '/nothing' }),
    404,
    { detail: expect.stringContaining('/docs') as string },
  ],
  ['another method', () => server.inject({ method: 'DELETE', url: '/things' }), 405, {}],
  ['a body of 1 MB', () => post(JSON.stringify({ ...good, name: 'n'.repeat(1_000_000) })), 413, {}],
  ['text', () => post('hello', { 'content-type': 'text/plain' }), 415, {}],
  ['a form', () => post('a=b', { 'content-type': 'application/x-www-form-urlencoded' }), 415, {}],
  ['no media type', () => post('{}', {}), 415, {}],
  ['a full service', () => server.inject({ url: '/busy' }), 503, {}],
  ['an error of ours', () => server.inject({ url: '/broken' }), 500, {}],
];

test.each(problems)('%s: a problem that says what to do', async (_name, send, status, problem) => {
  const response = await send();
  expect(response.statusCode).toBe(status);
  expect(response.headers['content-type']).toBe('application/problem+json; charset=utf-8');
  expect(response.json()).toMatchObject({ status, type: expect.stringMatching(/^urn:quadrille:problem:/) as string });
  expect(response.json()).toMatchObject(problem);
  expect(response.headers['x-request-id']).toBeTruthy();
  expect(response.headers['retry-after']).toBe(status === 503 ? '1' : undefined);
  expect(response.body).not.toContain('secret');
  expect(response.body.length).toBeLessThan(1_500);
});

describe('what Node refuses before there is a request', () => {
  const speak = async (bytes: string) => {
    await server.listen({ host: '127.0.0.1', port: 0 });
    // Here a request is late after 200 ms; the check interval decides when the server notices.
    Object.assign(server.server, { requestTimeout: 200, headersTimeout: 200 });
    const socket = connect(Number(new URL(server.listeningOrigin).port), '127.0.0.1');
    socket.write(bytes);
    const [head = '', body = ''] = (await text(socket)).split('\r\n\r\n');
    return { head, body: JSON.parse(body) as object };
  };

  test.each([
    ['a malformed header', 'GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n', 400],
    ['headers without end', `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(40_000)}\r\n\r\n`, 431],
    ['a request that stops half-way', 'GET / HTTP/1.1\r\nHost: a\r\n', 408],
  ])('%s is answered with a problem too', async (_name, bytes, status) => {
    const { head, body } = await speak(bytes);
    expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${String(status)} .*\\r\\n`));
    expect(head).toMatch(/^content-type: application\/problem\+json/m);
    expect(head).toMatch(/^x-request-id: [0-9a-f-]{36}/m);
    expect(body).toMatchObject({
      status,
      type: expect.stringMatching(/^urn:quadrille:problem:/) as string,
      errors: [],
    });
  });
});
