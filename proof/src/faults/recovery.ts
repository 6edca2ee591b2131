/** How long until the system works again: a new order is confirmed, and every service says that it is ready. */
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import type { SystemUnderFault } from './system-under-fault';

/** Pause between two new orders that are tried. */
const PROBE_INTERVAL_MS = 250;

/** A probe is not waited for longer than this: the next ones may be luckier. */
const PROBE_WITHIN_S = 20;

/** A system that has not recovered by then has not recovered. */
const RECOVERED_WITHIN_MS = 90_000;

const MS_PER_S = 1_000;

const orderSchema = z.object({ status: z.string() });

/** Places one order. Returns whether it was confirmed in time. */
async function isConfirmed(orderUrl: string, product: string): Promise<boolean> {
  try {
    const answer = await fetch(`${orderUrl}/orders`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', prefer: `wait=${String(PROBE_WITHIN_S)}` },
      body: JSON.stringify({
        customer_id: 'probe',
        items: [{ product_id: product, quantity: 1 }],
        payment_method: 'tok_success',
      }),
      signal: AbortSignal.timeout((PROBE_WITHIN_S + 1) * MS_PER_S),
    });
    return answer.ok && orderSchema.parse(await answer.json()).status === 'CONFIRMED';
  } catch {
    return false;
  }
}

/** Resolves with the milliseconds from now until the system works. */
export async function measureRecovery(
  { services: { order }, all }: SystemUnderFault,
  product: string,
): Promise<number> {
  const began = performance.now();
  const seen = { confirmed: false };
  const probes: Promise<void>[] = [];
  for (;;) {
    if (!seen.confirmed) {
      probes.push(
        isConfirmed(order.url, product).then((good) => {
          seen.confirmed ||= good;
        }),
      );
    }
    await pause(PROBE_INTERVAL_MS);
    if (seen.confirmed && !(await Promise.all(all.map((service) => service.isReady()))).includes(false)) break;
    if (performance.now() - began > RECOVERED_WITHIN_MS)
      throw new Error(`not recovered ${String(RECOVERED_WITHIN_MS / MS_PER_S)} s after the fault was lifted`);
  }
  const tookMs = performance.now() - began;
  await Promise.all(probes);
  return tookMs;
}
