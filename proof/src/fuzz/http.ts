/** Sends requests to all operations, in turn and many at once, and judges every answer. */
import { Agent, request, type IncomingMessage } from 'node:http';
import fc from 'fast-check';
import { reasonOf } from '@quadrille/service-chassis';
import type { ShortName } from '@quadrille/operator/src/services';
import { faultOf, type FuzzAnswer } from './judge';
import type { Operation } from './operations';
import { requestOf, withIds, type FuzzRequest } from './requests';

/** Requests under way at once: a busy day, no overload. */
const CONCURRENCY = 32;

/** An operation that looks after health is asked less often than the others. */
const WEIGHT = { health: 1, other: 5 };

/** Requests that are made up at once for one operation: few, so that those under way are not kept waiting. */
const CHUNK = 10;

/** A connection that is silent for so long hangs. */
const SILENT_MS = 40_000;

/** A stream of events is not read to its end. */
const STREAM_READ_MS = 200;

/** Ids that are remembered of each kind, the newest. */
const IDS_MAX = 500;

/** Longest body that is shown with a fault. */
const BODY_SHOWN_BYTES = 1_000;

/** Faults that are kept. */
const FAULTS_MAX = 20;

/** One answer that was not right, and how to see it again. */
export interface HttpFault {
  readonly what: string;
  readonly curl: string;
}

/** What was seen of one operation. */
export interface Seen {
  readonly operation: Operation;
  requests: number;
  readonly statuses: Map<number, number>;
  slowestMs: number;
}

/** What was seen of all. */
export interface HttpResult {
  readonly seen: readonly Seen[];
  readonly faults: readonly HttpFault[];
  readonly faultCount: number;
}

/** Endless requests for one operation, the same for the same seed. */
function* requestsFor(operation: Operation, seed: number): Generator<FuzzRequest> {
  const arbitrary = requestOf(operation);
  for (let chunk = 0; ; chunk++) yield* fc.sample(arbitrary, { seed: seed + chunk, numRuns: CHUNK });
}

/** Where `'` would end the word. */
const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;

function curlOf(url: string, { method, headers, body }: FuzzRequest): string {
  const head = Object.entries(headers).map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`);
  const data =
    body && body.length > BODY_SHOWN_BYTES
      ? [`(and a body of ${String(body.length)} bytes: see --seed)`]
      : body
        ? [`--data-binary @<(base64 -d <<< ${body.toString('base64')})`]
        : [];
  return ['curl -i --path-as-is', `-X ${method}`, ...head, ...data, quoted(url)].join(' ');
}

function send(agent: Agent, base: string, target: string, { method, headers, body }: FuzzRequest): Promise<FuzzAnswer> {
  const began = performance.now();
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(base);
    const length = body ? { 'content-length': String(body.length) } : {};
    const sent = request({ agent, hostname, port, path: target, method, headers: { ...headers, ...length } });
    sent.setTimeout(SILENT_MS, () => sent.destroy(new Error(`no answer within ${String(SILENT_MS)} ms`)));
    sent.once('error', reject);
    sent.once('response', (response: IncomingMessage) => {
      const chunks: Buffer[] = [];
      const done = () => {
        const { statusCode: status = 0, headers: answered } = response;
        resolve({ status, headers: answered, body: Buffer.concat(chunks), tookMs: performance.now() - began });
      };
      if (String(response.headers['content-type']).startsWith('text/event-stream')) {
        setTimeout(() => {
          done();
          response.destroy();
        }, STREAM_READ_MS);
      } else response.once('end', done);
      response.once('error', reject);
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
    });
    sent.end(body);
  });
}

/** Remembers what exists now, so that later requests can name it. */
function remember(ids: Map<string, string[]>, { status, body }: FuzzAnswer): void {
  if (status !== 201 && status !== 202) return;
  const text = body.toString();
  for (const name of ['order_id', 'payment_id']) {
    const id = new RegExp(`"${name}":"([A-Za-z0-9_-]+)"`).exec(text)?.[1];
    if (id === undefined) continue;
    const known = ids.get(name) ?? [];
    if (known.push(id) > IDS_MAX) known.shift();
    ids.set(name, known);
  }
}

/** Fuzzes. `onProgress` is told how many requests were answered. */
export async function fuzzHttp(options: {
  readonly urls: Readonly<Record<ShortName, string>>;
  readonly operations: readonly Operation[];
  readonly requests: number;
  readonly seed: number;
  readonly onProgress?: (answered: number) => void;
}): Promise<HttpResult> {
  const { urls, operations, seed } = options;
  const agent = new Agent({ keepAlive: true, maxSockets: CONCURRENCY });
  const sources = operations.map((operation, index) => ({
    seen: { operation, requests: 0, statuses: new Map<number, number>(), slowestMs: 0 } satisfies Seen,
    requests: requestsFor(operation, seed * 1_000_003 + index * 10_007),
  }));
  const turns = sources.flatMap((source) =>
    Array.from({ length: source.seen.operation.tag === 'health' ? WEIGHT.health : WEIGHT.other }, () => source),
  );
  const ids = new Map<string, string[]>();
  const faults: HttpFault[] = [];
  let begun = 0;
  let answered = 0;
  let faultCount = 0;

  const one = async ({ seen, requests }: (typeof sources)[number]) => {
    const { value: made } = requests.next() as IteratorYieldResult<FuzzRequest>; // the generator is endless
    const base = urls[seen.operation.service];
    const target = withIds(made.target, ids);
    const { what, status, tookMs } = await send(agent, base, target, made).then(
      (answer) => {
        remember(ids, answer);
        return { ...answer, what: faultOf(seen.operation, made.method, answer) };
      },
      (error: unknown) => ({ status: 0, tookMs: 0, what: reasonOf(error) }),
    );
    seen.requests += 1;
    seen.statuses.set(status, (seen.statuses.get(status) ?? 0) + 1);
    seen.slowestMs = Math.max(seen.slowestMs, tookMs);
    if (what === undefined) return;
    faultCount += 1;
    if (faults.length < FAULTS_MAX) faults.push({ what, curl: curlOf(base + target, made) });
  };
  const work = async () => {
    while (begun < options.requests) {
      const source = turns[begun % turns.length];
      begun += 1;
      if (source) await one(source);
      answered += 1;
      options.onProgress?.(answered);
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, work));
  agent.destroy();
  return { seen: sources.map(({ seen }) => seen), faults, faultCount };
}
