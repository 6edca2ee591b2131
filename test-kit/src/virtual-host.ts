import { randomBytes } from 'node:crypto';
import { declareTopology } from '@quadrille/operator/src/topology/declare';
import type { Management } from '@quadrille/operator/src/topology/management';
import type { Topology } from '@quadrille/operator/src/topology/topology';
import { withCredentials } from '@quadrille/operator/src/migrate/database';
import { testManagement, testServers } from './servers';

/** A virtual host of one test file, with the topology declared in it. */
export interface TestVirtualHost {
  name: string;
  /** AMQP URL with the administrator's credentials. */
  adminUrl: string;
  /** AMQP URL with the credentials of a service's least-privilege user, for example of `order-service`. */
  urlOf(service: string): string;
  /** The broker's management API; its paths need `encodeURIComponent(name)`. */
  management: Management;
  /** Removes the virtual host and its users; connections in it are closed by the broker. */
  remove(): Promise<void>;
}

/** Creates a virtual host in the test broker and declares a topology in it. */
export async function createTestVirtualHost(topology: Topology): Promise<TestVirtualHost> {
  const { amqpUrl, management: admin } = testServers();
  const management = testManagement();
  const name = `quadrille-test-${randomBytes(4).toString('hex')}`;
  const userPrefix = `${name}.`;
  await management.request('PUT', `vhosts/${name}`, {});
  await management.request('PUT', `permissions/${name}/${encodeURIComponent(admin.user)}`, {
    configure: '.*',
    write: '.*',
    read: '.*',
  });
  await declareTopology(management, topology, { virtualHost: name, userPrefix }, () => admin.password);
  const adminUrl = new URL(amqpUrl);
  adminUrl.pathname = `/${name}`;
  return {
    name,
    adminUrl: adminUrl.toString(),
    urlOf: (service) => withCredentials(adminUrl.toString(), userPrefix + service, admin.password),
    management,
    remove: async () => {
      await management.request('DELETE', `vhosts/${name}`);
      for (const user of topology.users) await management.request('DELETE', `users/${userPrefix}${user.name}`);
    },
  };
}
