/** Puts proxies between a service and its servers for as long as a row lasts. */
import type { ShortName } from '@quadrille/operator/src/services';
import type { FaultContext } from './row';
import { startTcpProxy, type TcpProxy } from '@quadrille/test-kit';

/** The proxies of one service. */
export interface Between {
  readonly broker: TcpProxy;
  readonly database: TcpProxy;
}

/** Starts the service again with proxies before broker and database; the row's end takes them out again. */
export async function putProxiesBetween(
  { system, finally: whenOver }: FaultContext,
  short: ShortName,
  env: Readonly<Record<string, string>> = {},
): Promise<Between> {
  const { urls, services } = system;
  const broker = await startTcpProxy(urls[short].broker);
  const database = await startTcpProxy(urls[short].database);
  whenOver(async () => {
    await services[short].restart();
    await broker.close();
    await database.close();
  });
  const through = {
    DATABASE_URL: database.through(urls[short].database),
    RABBITMQ_URL: broker.through(urls[short].broker),
  };
  await services[short].restart({ env: { ...through, ...env } });
  return { broker, database };
}
