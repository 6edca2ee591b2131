import { z } from 'zod';

/** How long a request may take, in milliseconds: declaring a queue takes tens of milliseconds. */
const REQUEST_TIMEOUT_MS = 30_000;

/** The address of a management API, and the credentials to use. */
export interface ManagementAccess {
  /** For example http://127.0.0.1:15672, without credentials. */
  url: string;
  user: string;
  password: string;
}

/** The few operations of RabbitMQ's management API that Quadrille needs. */
export interface Management {
  access: ManagementAccess;
  /**
   * Sends one request; `path` begins after `/api/`, its parts already encoded. Fails with the broker's own reason,
   * naming method and path.
   */
  request(method: 'GET' | 'PUT' | 'POST' | 'DELETE', path: string, body?: unknown): Promise<unknown>;
  /** False also when the API does not respond. */
  isVirtualHostRunning(name: string): Promise<boolean>;
  /** Whether the user may administer users and virtual hosts; false also when the API does not respond. */
  isAdministrator(): Promise<boolean>;
}

const VirtualHost = z.object({ cluster_state: z.record(z.string(), z.string()) });
const WhoAmI = z.object({ tags: z.union([z.string().transform((text) => text.split(',')), z.array(z.string())]) });

/** Creates a client of the management API. It connects for each request, so there is nothing to close. */
export function connectManagement(access: ManagementAccess): Management {
  const authorization = `Basic ${Buffer.from(`${access.user}:${access.password}`).toString('base64')}`;
  const request = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const response = await fetch(`${access.url}/api/${path}`, {
      method,
      // A connection kept open may be closed by the server just when it is used again.
      headers: { authorization, 'content-type': 'application/json', connection: 'close' },
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`RabbitMQ refuses ${method} ${path}: ${String(response.status)} ${text}`);
    return text ? JSON.parse(text) : undefined;
  };
  const isVirtualHostRunning = async (name: string): Promise<boolean> => {
    const found = VirtualHost.safeParse(
      await request('GET', `vhosts/${encodeURIComponent(name)}`).catch(() => undefined),
    );
    return found.success && Object.values(found.data.cluster_state).includes('running');
  };
  const isAdministrator = async (): Promise<boolean> => {
    const found = WhoAmI.safeParse(await request('GET', 'whoami').catch(() => undefined));
    return found.success && found.data.tags.includes('administrator');
  };
  return { access, request, isVirtualHostRunning, isAdministrator };
}
