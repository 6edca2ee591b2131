/** The environment of notification-service. */
import { commonConfig, portConfig } from '@quadrille/service-chassis';
import { z } from 'zod';

/** The usual port. */
const PORT = 8004;

/** What notification-service reads from its environment. Without a mail server, only the log channel is used. */
export const configSchema = z
  .object({
    ...commonConfig,
    PORT: portConfig(PORT),
    SMTP_URL: z.url({ protocol: /^smtps?$/, error: 'must be an smtp:// or smtps:// URL' }).optional(),
    SMTP_FROM: z
      .string()
      .regex(/^[^\r\n]*[^\s@<>]+@[^\s@<>]+>?$/, 'must be an address, such as Quadrille <orders@shop.example>')
      .optional(),
  })
  .refine((config) => config.SMTP_URL === undefined || config.SMTP_FROM !== undefined, {
    path: ['SMTP_FROM'],
    error: 'name the sender of the mails, such as Quadrille <orders@shop.example>, or leave out SMTP_URL',
  });

/** The configuration of notification-service. */
export type Config = z.infer<typeof configSchema>;
