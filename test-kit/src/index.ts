export { createTestDatabase, type TestDatabase } from './database';
export { eventually } from './eventually';
export { startTestServers, testManagement, testServers, type TestServers } from './servers';
export { startServiceUnderTest, type ServiceUnderTest, type ServiceUnderTestOptions } from './service-under-test';
export { startTcpProxy, type TcpProxy } from './tcp-proxy';
export { createTestVirtualHost, type TestVirtualHost } from './virtual-host';
