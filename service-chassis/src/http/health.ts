/** Health: alive, ready, and what stands in the way. */
import { z } from 'zod';
import type { ServiceMetrics } from '../telemetry/metrics';
import type { HttpServer } from './typed-server';

/** Whether a service can do its work. `degraded`: it answers requests, but something behind it is down. */
export interface Readiness {
  readonly status: 'ready' | 'degraded' | 'not ready';
  /** What is down, and why. */
  readonly problems: Readonly<Record<string, string>>;
}

const readinessSchema = z.object({
  status: z.enum(['ready', 'degraded', 'not ready']),
  service: z.string(),
  problems: z.record(z.string(), z.string()),
});

/** Adds /health, /livez, /readyz and /metrics. */
export function addHealthRoutes(
  server: HttpServer,
  service: string,
  readiness: () => Promise<Readiness>,
  metrics: ServiceMetrics,
): void {
  const alive = { status: 'healthy' as const, service };
  const schema = {
    tags: ['health'],
    response: { 200: z.object({ status: z.literal('healthy'), service: z.string() }) },
  };
  server.get('/health', { schema: { ...schema, summary: 'The process is alive' } }, () => alive);
  server.get('/livez', { schema: { ...schema, summary: 'The process is alive' } }, () => alive);
  server.get(
    '/readyz',
    {
      schema: {
        tags: ['health'],
        summary: 'The service can do its work; names what is down',
        response: { 200: readinessSchema, 503: readinessSchema },
      },
    },
    async (_request, reply) => {
      const { status, problems } = await readiness();
      return reply.status(status === 'not ready' ? 503 : 200).send({ status, service, problems });
    },
  );
  server.get(
    '/metrics',
    {
      schema: {
        tags: ['health'],
        summary: "Figures in Prometheus' text format",
        response: { 200: { content: { 'text/plain': { schema: z.string() } } } },
      },
    },
    async (_request, reply) =>
      reply
        .type(metrics.registry.contentType)
        .serializer(String)
        .send(await metrics.registry.metrics()),
  );
}
