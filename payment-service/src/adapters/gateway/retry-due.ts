/** The one message that payment-service sends to itself: the alarm clock of a retry. */
import { z } from 'zod';

/** Its schema on the wire. */
export const retryDueSchema = z.object({ type: z.literal('RetryDue'), attempt: z.int().min(1) });
