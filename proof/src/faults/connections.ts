/** The services' connections to the broker. */
import { z } from 'zod';
import type { SystemUnderFault } from './system-under-fault';

const connectionsSchema = z.array(z.object({ name: z.string(), user: z.string() }));

/** The connections of services, or of one, as the management API names them. */
export async function connectionsOf({ management }: SystemUnderFault, service = '-service'): Promise<string[]> {
  const all = connectionsSchema.parse(await management.request('GET', 'connections?columns=name,user'));
  return all.filter(({ user }) => user.endsWith(service)).map(({ name }) => name);
}
