import { setTimeout as pause } from 'node:timers/promises';
import { openShop } from '@quadrille/operator/src/demo/client';
import { machineLoad } from '../load/figures';
import { measureBurst, measureMemory, measureSteady } from '../load/measure';
import { dataFolder } from '@quadrille/operator/src/root';
import { readAddresses, type Addresses } from '@quadrille/operator/src/start/addresses';
import { askServers } from '@quadrille/operator/src/start/explain-unreachable';
import { holds, report } from '@quadrille/operator/src/verify/report';
import { verify } from '@quadrille/operator/src/verify/verify';
import { readCommandLine, runCommand, wholeNumber } from '@quadrille/operator/src/command-line';

const usage = `npm run load -- [--idle seconds]
  --idle    how long the services rest before their memory is measured (60)`;

const MIB = 1024 * 1024;
const MS_PER_S = 1_000;

/** What must be reached on two cores. */
const MUST = { medianMs: 15, p99Ms: 50, settledAfterMs: 3_000, averageBatch: 10, memoryMib: 500 };

let missed = 0;
function show(reached: boolean, line: string): void {
  if (!reached) missed += 1;
  process.stdout.write(`  ${reached ? '✓' : '✗'} ${line}\n`);
}

/** Puts the running system under load and prints its figures; exit status 1 when one is missed. */
async function load(): Promise<void> {
  const { values } = readCommandLine(usage, { options: { idle: { type: 'string', default: '60' } } });
  const idleS = wholeNumber(usage, 'idle', values.idle, { most: 86_400 });
  const addresses = readAddresses(dataFolder);
  const reached = await askServers(addresses, () => measure(addresses, idleS));
  process.exitCode = reached ? 0 : 1;
}

async function measure(addresses: Addresses, idleS: number): Promise<boolean> {
  const products = await openShop(addresses).products();
  const product = [...products].sort((a, b) => b.quantity_available - a.quantity_available)[0];
  if (!product) throw new Error('The catalogue is empty: PUT /inventory/:product_id on inventory-service.');
  process.stdout.write(`\n  One-minute load of this machine before: ${machineLoad()}\n\n`);

  // The burst comes first: what the customer of the steady stream waits for is then a system that has run a while.
  const burst = await measureBurst(addresses, product.product_id);
  const rate = (burst.orderIds.length / ((burst.postingMs + burst.settledAfterMs) / MS_PER_S)).toFixed(0);
  show(
    burst.settledAfterMs < MUST.settledAfterMs,
    `${String(burst.orderIds.length)} orders over 64 connections: posted in ${(burst.postingMs / MS_PER_S).toFixed(2)} s, settled ${(burst.settledAfterMs / MS_PER_S).toFixed(2)} s after the last answer (3); ${rate} orders/s in all`,
  );
  for (const [name, average] of Object.entries(burst.averageBatch)) {
    show(
      average >= MUST.averageBatch,
      `average batch of ${name}-service's consumer: ${average.toFixed(1)} (${String(MUST.averageBatch)})`,
    );
  }

  const steady = await measureSteady(addresses, product.product_id);
  show(
    steady.medianMs < MUST.medianMs && steady.p99Ms < MUST.p99Ms && steady.notConfirmed === 0,
    `50 orders/s, POST to CONFIRMED: median ${steady.medianMs.toFixed(1)} ms (must be under ${String(MUST.medianMs)}), p99 ${steady.p99Ms.toFixed(1)} ms (${String(MUST.p99Ms)}); ${String(steady.orders)} orders`,
  );

  const verdict = await verify(addresses, { requested: burst.orderIds });
  process.stdout.write(`\n${report(verdict).join('\n')}\n\n`);
  if (!holds(verdict)) missed += 1;

  process.stderr.write(`  Resting for ${String(idleS)} s ...\n`);
  await pause(idleS * MS_PER_S);
  const memory = await measureMemory(addresses);
  const total = memory.reduce((sum, [, bytes]) => sum + bytes, 0) / MIB;
  const each = memory.map(([name, bytes]) => `${name} ${(bytes / MIB).toFixed(0)}`).join(', ');
  show(total < MUST.memoryMib, `resident memory at rest: ${total.toFixed(0)} MiB (${String(MUST.memoryMib)}): ${each}`);
  return missed === 0;
}

runCommand(load);
