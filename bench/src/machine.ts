/** Describes the machine, for the head of the results. */
import { availableParallelism, cpus, totalmem } from 'node:os';
import { z } from 'zod';
import { connectManagement } from '@quadrille/operator/src/topology/management';
import { commitAtHand } from '@quadrille/proof/src/commit';
import type { Machine } from './results/results';
import type { Product } from './systems/product';

const GIB = 1024 ** 3;

const Overview = z.object({ rabbitmq_version: z.string() });

/** Reads the versions of machine, database and broker. */
export async function describeMachine({ admin, subject }: Product, loadBefore: string): Promise<Machine> {
  const { management, credentials } = subject.addresses;
  const { rows } = await admin.query<{ server_version: string }>('SHOW server_version');
  const overview =
    management && credentials
      ? Overview.parse(await connectManagement({ url: management, ...credentials }).request('GET', 'overview'))
      : undefined;
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memory_gib: Math.round(totalmem() / GIB),
    node: process.version,
    postgres: rows[0]?.server_version ?? 'unknown',
    rabbitmq: overview?.rabbitmq_version ?? 'unknown',
    commit: commitAtHand(),
    load_before: loadBefore,
  };
}
