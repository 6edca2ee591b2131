import { Client, escapeIdentifier, escapeLiteral } from 'pg';

/** Opens a session on `url`, passes it to `work`, and always closes it. */
export async function withClient<Result>(url: string, work: (client: Client) => Promise<Result>): Promise<Result> {
  const client = new Client({ connectionString: url, application_name: 'quadrille-tools' });
  client.on('error', () => undefined); // the running query fails as well
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** The same server, credentials and options as `url`, another database. */
export function withDatabase(url: string, database: string): string {
  const changed = new URL(url);
  changed.pathname = `/${encodeURIComponent(database)}`;
  return changed.toString();
}

/** The same server and database as `url`, other credentials. */
export function withCredentials(url: string, user: string, password: string): string {
  const changed = new URL(url);
  changed.username = encodeURIComponent(user);
  changed.password = encodeURIComponent(password);
  return changed.toString();
}

/**
 * Creates a login role with this password, or sets the password of an existing one. Needs an administrator's session.
 */
export async function ensureRole(client: Client, role: string, password: string): Promise<void> {
  const { rowCount } = await client.query('SELECT FROM pg_roles WHERE rolname = $1', [role]);
  const verb = rowCount ? 'ALTER' : 'CREATE';
  await client.query(`${verb} ROLE ${escapeIdentifier(role)} LOGIN PASSWORD ${escapeLiteral(password)}`);
}

/** Creates a database when it is missing; it is owned by `owner`, or by the session's role without one. */
export async function ensureDatabase(client: Client, database: string, owner?: string): Promise<void> {
  const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [database]);
  if (rowCount) return;
  const ownership = owner === undefined ? '' : ` OWNER ${escapeIdentifier(owner)}`;
  await client.query(`CREATE DATABASE ${escapeIdentifier(database)}${ownership} TEMPLATE template0 ENCODING 'UTF8'`);
}
