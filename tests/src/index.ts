export { eventually } from './eventually';
export { startServiceUnderTest, type ServiceUnderTest, type ServiceUnderTestOptions } from './service-under-test';
export { startTcpProxy, type TcpProxy } from '@quadrille/tools/src/faults/tcp-proxy';
