/** A broker that can be connected to, in memory: its queues, and the connections to it. */
import type { ChannelModel } from 'amqplib';
import { world, type Owner } from '../engine/scheduler';
import type { Queues } from './broker';
import { createConnection, type BrokerConnection, type Connected } from './connection';
import { LATENCY_MS, type Context } from './wire';

/** A broker that can be connected to. */
export interface BrokerServer {
  readonly queues: Queues;
  /** Opens a connection for this owner, with amqplib's signature. */
  connect(owner: Owner, options: unknown): Promise<ChannelModel>;
  /** Open connections. */
  connections(): readonly BrokerConnection[];
  /** Goes down or comes up; the queues keep their messages. */
  setUp(up: boolean): void;
  /** Is short of memory, or is not any more: who publishes meanwhile, on any connection, is blocked. */
  setAlarm(raised: boolean): void;
  /** The process of this owner has died: its connections are found closed after a while. */
  abandon(owner: Owner, afterMs: number): void;
}

const nameOf = (options: unknown): string => {
  const { clientProperties } = options as { readonly clientProperties?: { readonly connection_name?: string } };
  return clientProperties?.connection_name ?? '';
};

/** Creates a broker server on these queues. */
export function createBrokerServer(context: Context): BrokerServer {
  const { scheduler, random, queues } = context;
  const connected = new Set<Connected>();
  let up = true;
  let alarmed = false;
  return {
    queues,
    connect: (owner, options) =>
      new Promise((resolve, reject) => {
        if (!owner.alive) return;
        scheduler.after(3 * random.between(LATENCY_MS.least, LATENCY_MS.most), owner, () => {
          if (!up) {
            reject(Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED', syscall: 'connect' }));
            return;
          }
          const opened = createConnection(context, owner, nameOf(options), () => {
            connected.delete(opened);
          });
          connected.add(opened);
          opened.connection.alarm(alarmed);
          // The services use of it what was put on it above; the conformance tests hold it to amqplib's behaviour.
          resolve(opened.model as unknown as ChannelModel);
        });
      }),
    connections: () => [...connected].map(({ connection }) => connection),
    setUp: (on) => {
      up = on;
      if (!on) for (const { connection } of [...connected]) connection.cut();
    },
    setAlarm: (raised) => {
      alarmed = raised;
      for (const { connection } of connected) connection.alarm(raised);
    },
    abandon: (owner, afterMs) => {
      for (const opened of connected) {
        if (opened.connection.owner === owner) scheduler.after(afterMs, world, opened.drop);
      }
    },
  };
}
