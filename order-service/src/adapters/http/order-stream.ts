/** The life of an order as server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html). */
import { Readable } from 'node:stream';
import { sendProblem, type HttpServer } from '@quadrille/service-chassis';
import { idSchema } from '@quadrille/shared-events';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import type { PrismaClient } from '../../../generated/prisma/client';
import type { TimelineEntry } from '../../domain/order';
import { findOrder } from '../database/order-queries';
import { newer, type StoredOrder } from '../database/stored-order';
import { toView } from './schemas';
import type { Follower, Watch } from './order-watch';

/** A silent stream says that it is alive this often, for the sake of proxies. */
const KEEP_ALIVE_MS = 15_000;

/** What a stream reads from. */
export interface StreamOptions {
  readonly prisma: PrismaClient;
  readonly watch: Watch;
}

const frame = ({ id, type }: TimelineEntry, order: StoredOrder) =>
  `id: ${id}\nevent: ${type}\ndata: ${JSON.stringify(toView(order))}\n\n`;

/** Entries that the client has not seen; all of them when it has seen none, or one that is not ours. */
const after = (timeline: readonly TimelineEntry[], lastId: string | undefined) =>
  timeline.slice(timeline.findIndex(({ id }) => id === lastId) + 1);

async function* framesOf(
  { prisma }: StreamOptions,
  follower: Follower,
  first: StoredOrder,
  lastEventId: string | undefined,
  closing: AbortSignal,
): AsyncGenerator<string> {
  let order = first;
  let lastId = lastEventId;
  let spokeAtMs = performance.now();
  while (!closing.aborted) {
    for (const entry of after(order.timeline, lastId)) {
      yield frame(entry, order);
      lastId = entry.id;
      spokeAtMs = performance.now();
    }
    if (order.settled) return;
    if (performance.now() - spokeAtMs > KEEP_ALIVE_MS) {
      yield ': still here\n\n';
      spokeAtMs = performance.now();
    }
    order = newer(order, (await follower.next(KEEP_ALIVE_MS, closing)) ?? (await findOrder(prisma, order.orderId)));
  }
}

/**
 * Adds GET /orders/:order_id/stream. Ends when the order is settled, or when the service stops: the client comes back
 * by itself.
 */
export function addStreamRoute(server: HttpServer, options: StreamOptions, closing: AbortSignal): void {
  const schema = {
    tags: ['orders'],
    summary: 'The timeline of an order as server-sent events, until it is settled',
    params: z.object({ order_id: idSchema }),
    headers: z.object({ 'last-event-id': z.string().max(100).optional() }),
    response: {
      200: { content: { 'text/event-stream': { schema: z.string() } } },
      204: z.undefined().meta({ description: 'the client has seen the last event: it need not come back' }),
    },
  };
  // To HEAD it would stream to nobody, for as long as the order is not settled.
  server.get('/orders/:order_id/stream', { schema, exposeHeadRoute: false }, async (request, reply) => {
    const { order_id } = request.params;
    const order = await findOrder(options.prisma, order_id);
    if (!order) return sendProblem(reply, 404, `There is no order ${order_id}.`);
    const lastEventId = request.headers['last-event-id'];
    // A browser comes back to every stream that ends, until it is answered this.
    if (order.settled && after(order.timeline, lastEventId).length === 0) return reply.status(204).send();
    const follower = options.watch.follow(order_id);
    if (!follower)
      return sendProblem(
        reply,
        429,
        'Too many clients are waiting. Look at GET /orders/:order_id every second or so instead.',
      );
    const stream = Readable.from(framesOf(options, follower, order, lastEventId, closing));
    stream.once('close', follower.leave);
    // The schema is that of what is sent in the end: text.
    const untyped: FastifyReply = reply;
    return untyped.type('text/event-stream').header('cache-control', 'no-cache').send(stream);
  });
}
