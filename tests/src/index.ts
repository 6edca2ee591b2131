export { eventually } from './eventually';
export { startTcpProxy, type TcpProxy } from './tcp-proxy';
