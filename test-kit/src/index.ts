/** What the tests of single packages use. Tests of the whole system import system.ts and spy.ts by file. */
export { createTestDatabase, type TestDatabase } from './database';
export { eventually } from './eventually';
export { testServers } from './servers';
export { startServiceUnderTest, type ServiceUnderTest } from './service-under-test';
export { startTcpProxy, type TcpProxy } from './tcp-proxy';
export { createTestVirtualHost, type TestVirtualHost } from './virtual-host';
