/** A mail server on this machine that a project's containers reach, and that keeps its mails. */
import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';
import { docker, type Project } from './project';

/** A running mail server. */
export interface MailServer {
  /** Its URL as seen from the project's containers. */
  readonly url: string;
  /** The mails that arrived, with their headers. */
  readonly mails: readonly string[];
  readonly close: () => void;
}

/** Starts a mail server at the address that this machine has in the project's network, on any free port. */
export async function startMailServer(project: Project): Promise<MailServer> {
  const format = '{{(index .IPAM.Config 0).Gateway}}';
  const host = await docker('network', 'inspect', '--format', format, `${project.name}_default`);
  const mails: string[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData: (stream, _session, callback) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        mails.push(Buffer.concat(chunks).toString());
        callback();
      });
    },
  });
  await new Promise<void>((resolve) => {
    server.listen(0, host, resolve);
  });
  // A TCP server that listens has an address of this form; string and null are for pipes and closed servers.
  const { port } = server.server.address() as AddressInfo;
  return {
    url: `smtp://${host}:${String(port)}`,
    mails,
    close: () => {
      server.close();
    },
  };
}
