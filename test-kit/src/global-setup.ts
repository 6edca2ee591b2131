import { startTestServers } from './servers';

declare global {
  /** Stops the servers of this test run; jest runs set-up and teardown in one process. */
  var stopTestServers: (() => Promise<void>) | undefined;
}

/** Starts the PostgreSQL and RabbitMQ that the whole test run shares. */
export default async function setUp(): Promise<void> {
  globalThis.stopTestServers = await startTestServers();
}
