/** What a service says about itself on /readyz. */
import { z } from 'zod';

/** A service notices what is wrong by then. */
export const STATED_WITHIN_MS = 30_000;

const readinessSchema = z.object({ status: z.string() });

/** `ready`, `degraded` or `not ready`; `nothing` when it does not answer. */
export async function readinessOf(url: string): Promise<string> {
  try {
    return readinessSchema.parse(await (await fetch(`${url}/readyz`)).json()).status;
  } catch {
    return 'nothing';
  }
}
