/** Mail over SMTP. */
import { createTransport } from 'nodemailer';

/**
 * Connections to the mail server at once; the mails beyond them wait their turn in memory, bounded by the effects that
 * may run.
 */
export const CONNECTIONS_MAX = 5;

/** A mail server that does not accept a connection, or does not greet, within this time is down. */
const CONNECT_TIMEOUT_MS = 5_000;

/** A mail server silent for this long in the middle of a mail is gone. */
const SILENCE_TIMEOUT_MS = 10_000;

/** One mail. */
export interface Mail {
  /** Names the mail for ever: sent twice, it has the same Message-ID, so that a mailbox may fold the two. */
  readonly id: string;
  readonly to: string;
  readonly subject: string;
  readonly message: string;
}

/** Hands mails to a mail server. */
export interface Mailer {
  /** Resolves when the server has taken the mail; rejects when it has not, or when nobody knows. */
  send(mail: Mail): Promise<void>;
  close(): void;
}

/** Opens a mailer; it connects when there is something to send. `from` is an address, with or without a name. */
export function createMailer(url: string, from: string): Mailer {
  const { protocol, hostname, port, username, password } = new URL(url);
  const secure = protocol === 'smtps:';
  const transport = createTransport({
    pool: true,
    host: hostname,
    ...(port === '' ? {} : { port: Number(port) }),
    secure,
    ...(username === '' ? {} : { auth: { user: decodeURIComponent(username), pass: decodeURIComponent(password) } }),
    maxConnections: CONNECTIONS_MAX,
    connectionTimeout: CONNECT_TIMEOUT_MS,
    greetingTimeout: CONNECT_TIMEOUT_MS,
    socketTimeout: SILENCE_TIMEOUT_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  const domain = /@([^\s@<>]+)>?$/.exec(from)?.[1] ?? 'localhost';
  return {
    send: async ({ id, to, subject, message }) => {
      // As an object, so that nothing in the address can be read as a second recipient.
      const recipient = { name: '', address: to };
      await transport.sendMail({ from, to: recipient, subject, text: message, messageId: `<${id}@${domain}>` });
    },
    close: () => {
      transport.close();
    },
  };
}
