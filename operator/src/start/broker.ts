import { connect } from 'amqplib';
import { declareTopology } from '../topology/declare';
import { declareOverAmqp } from '../topology/declare-amqp';
import type { Management } from '../topology/management';
import { processMarker } from '../instance/processes';
import { withCredentials } from '../migrate/database';
import { findManagement, nodesOf, virtualHostOf, type OwnServers } from '../servers/own-servers';
import type { BrokerServer } from '../servers/broker';
import { services, shortNames, topology, type ShortName } from '../services';

/** How the system reaches its broker. */
export interface BrokerAccess {
  /** AMQP URL with the administrator's credentials. */
  adminUrl: string;
  /** Undefined when there is no usable management API. */
  management: Management | undefined;
  /** AMQP URL of each service. */
  urls: Record<ShortName, string>;
}

/**
 * Declares the topology and a least-privilege user for each service. A broker of the user's own without a management
 * API, or whose user is no administrator, gets no such users: all services then use the given credentials.
 */
export async function prepareBroker(
  broker: BrokerServer | undefined,
  own: OwnServers,
  folder: string,
  passwordOf: (name: string) => string,
): Promise<BrokerAccess> {
  const nodes = broker ? [broker.url] : nodesOf(own.amqpUrl ?? '');
  const adminUrl = await firstThatAnswers(nodes);
  const virtualHost = virtualHostOf(adminUrl);
  const management = await findManagement(adminUrl, broker?.managementUrl ?? own.managementUrl);
  if (!management) {
    await declareOverAmqp(adminUrl, topology);
    return { adminUrl, management, urls: urlsBy(() => nodes.join(',')) };
  }
  if (!broker) await ensureVirtualHost(management, virtualHost);
  const userPrefix = broker ? '' : `${processMarker(folder)}.`;
  await declareTopology(management, topology, { virtualHost, userPrefix }, (service) => passwordOf(`amqp ${service}`));
  return {
    adminUrl,
    management,
    urls: urlsBy((service) => {
      const password = passwordOf(`amqp ${service}`);
      return nodes.map((node) => withCredentials(node, userPrefix + service, password)).join(',');
    }),
  };
}

/** A node that does not respond within this, in milliseconds, is passed over. */
const CONNECT_TIMEOUT_MS = 5_000;

/**
 * The first node of a cluster that accepts a connection; the very first when none does, so that its error is reported.
 */
async function firstThatAnswers(nodes: readonly string[]): Promise<string> {
  const [first = '', ...others] = nodes;
  if (others.length === 0) return first;
  for (const node of nodes) {
    const connection = await connect(node, { timeout: CONNECT_TIMEOUT_MS }).catch(() => undefined);
    if (!connection) continue;
    await connection.close().catch(() => undefined);
    return node;
  }
  return first;
}

/** Creates a virtual host when it is missing, and gives the administrator all permissions in it. */
export async function ensureVirtualHost(management: Management, name: string): Promise<void> {
  const host = encodeURIComponent(name);
  if (await management.isVirtualHostRunning(name)) return;
  await management.request('PUT', `vhosts/${host}`, {});
  const all = { configure: '.*', write: '.*', read: '.*' };
  await management.request('PUT', `permissions/${host}/${encodeURIComponent(management.access.user)}`, all);
}

function urlsBy(urlOf: (service: string) => string): Record<ShortName, string> {
  // One entry for each short name; Object.fromEntries forgets the key type.
  return Object.fromEntries(shortNames.map((name) => [name, urlOf(services[name].table.name)])) as Record<
    ShortName,
    string
  >;
}
