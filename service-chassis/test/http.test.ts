/** The HTTP shell: what every service does alike in HTTP, independent of its routes. */
import { validate } from '@readme/openapi-parser';
import { startTcpProxy } from '@quadrille/test-kit';
import { pino } from 'pino';
import { z } from 'zod';
import { createServiceHost, layFoundation, type HttpServer } from '../src';
import { configOf } from './fake-service';
import { createFixture } from './fixture';
import { createThingServer, good, json } from './thing-server';

let server: HttpServer;

beforeEach(async () => {
  server = await createThingServer();
});
afterEach(async () => {
  await server.close();
});

test('a good request is answered', async () => {
  const response = await server.inject({
    method: 'POST',
    url: '/things',
    payload: JSON.stringify(good),
    headers: json,
  });
  expect(response.statusCode).toBe(200);
  expect(response.json()).toEqual(good);
});

test.each([undefined, '', '{}', 'null'])('a request that takes no body may come with %j as JSON', async (payload) => {
  const body = payload === undefined ? {} : { payload };
  const response = await server.inject({ method: 'DELETE', url: '/things/a', headers: json, ...body });
  expect([response.statusCode, response.json()]).toEqual([200, { gone: true }]);
});

test('a body has no longer to arrive than the whole request: Node takes the longer of its two limits for it', () => {
  expect(server.server).toMatchObject({ headersTimeout: 15_000, requestTimeout: 15_000 });
});

test('a request id is taken over when it is one, and made when not', async () => {
  const answer = async (id: string) =>
    (await server.inject({ url: '/health', headers: { 'x-request-id': id } })).headers['x-request-id'];
  expect(await answer('caller-4711')).toBe('caller-4711');
  expect(await answer('not an id\\n')).toMatch(/^[0-9a-f-]{36}$/);
});

test('the trace of the caller goes on, in the answer too', async () => {
  const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
  const response = await server.inject({
    url: '/things/a',
    headers: { traceparent: `00-${trace}-00f067aa0ba902b7-01` },
  });
  expect(response.headers['traceparent']).toMatch(new RegExp(`^00-${trace}-(?!00f067aa0ba902b7)`));
  expect(response.json()).toMatchObject({ traceparent: response.headers['traceparent'] });
});

const pathSchema = z.record(z.string(), z.object({ responses: z.record(z.string(), z.unknown()) }));

test('the OpenAPI document is valid, and has the routes', async () => {
  const document = (await server.inject({ url: '/openapi.json' })).json<Parameters<typeof validate>[0] & object>();
  expect(document).toMatchObject({ openapi: '3.1.0', paths: { '/things': { post: {} }, '/readyz': { get: {} } } });
  // The parser replaces references in the document itself.
  const copy = structuredClone(document);
  expect(await validate(document)).toMatchObject({ valid: true });
  const { paths, components } = z
    .object({ paths: z.record(z.string(), pathSchema), components: z.looseObject({}) })
    .parse(copy);
  for (const [path, operations] of Object.entries(paths))
    for (const [method, { responses }] of Object.entries(operations))
      expect([path, method, Object.keys(responses)]).toEqual([
        path,
        method,
        expect.arrayContaining(['200', '4XX', '5XX']),
      ]);
  expect(paths['/things']?.['post']?.responses['4XX']).toMatchObject({
    content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
  });
  expect(Object.keys(z.record(z.string(), z.unknown()).parse(components['schemas']))).toEqual(['Problem']);
});

test('the documentation is a page', async () => {
  const response = await server.inject({ url: '/docs' });
  expect(response.statusCode).toBe(200);
  expect(response.headers['content-type']).toMatch(/text\/html/);
  const script = await server.inject({ url: '/docs/static/swagger-ui-bundle.js' });
  expect(script.statusCode).toBe(200);
});

test('the health of the process, and what the service lacks', async () => {
  for (const url of ['/health', '/livez'])
    expect((await server.inject({ url })).json()).toEqual({ status: 'healthy', service: 'thing-service' });
  const ready = await server.inject({ url: '/readyz' });
  expect(ready.statusCode).toBe(200);
  expect(ready.json()).toEqual({
    status: 'degraded',
    service: 'thing-service',
    problems: { publisher: 'connect ECONNREFUSED' },
  });
});

test('the figures are in the format of Prometheus', async () => {
  const response = await server.inject({ url: '/metrics' });
  expect(response.headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
  expect(response.body).toMatch(/^process_resident_memory_bytes\{service="thing-service"\} \d+/m);
});

test('a service says 503 and names the database when that is down, and is ready again when it is back', async () => {
  const fixture = await createFixture();
  const proxy = await startTcpProxy(fixture.database.url);
  const config = { ...configOf(fixture.brokerUrl, proxy.through(fixture.database.url)), PORT: 0 };
  const foundation = layFoundation('thing-service', config, pino({ level: 'silent' }));
  const addresses: string[] = [];
  const app = await createServiceHost({
    config,
    foundation,
    participant: { start: () => undefined, problems: () => ({}), stop: () => Promise.resolve() },
    brokerRequired: true,
    http: {
      service: 'thing-service',
      description: 'Keeps things.',
      routes: (of) => {
        of.addHook('onListen', (done) => {
          addresses.push(of.listeningOrigin);
          done();
        });
        of.get('/asks', () => foundation.pool.query('SELECT 1').then(() => ({})));
      },
    },
  });
  await app.start();
  const ask = (path: string) => fetch(`${addresses[0] ?? ''}${path}`);
  expect((await ask('/readyz')).status).toBe(200);
  await proxy.cut();
  const down = await ask('/readyz');
  expect(down.status).toBe(503);
  expect(await down.json()).toMatchObject({
    status: 'not ready',
    problems: { database: expect.stringMatching(/ECONNREFUSED|terminated/) as string },
  });
  const asked = await ask('/asks');
  expect([asked.status, asked.headers.get('retry-after')]).toEqual([503, '1']);
  await proxy.resume();
  expect((await ask('/readyz')).status).toBe(200);
  await app.stop();
  await proxy.close();
  await fixture.close();
});
