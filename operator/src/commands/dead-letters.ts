import { Client } from 'pg';
import { composeAddresses } from '../compose/addresses';
import { parkedMessage, parkedTable } from '../dead-letters/format';
import type { Parked } from '../dead-letters/parked';
import { openParkingLot, type Acted, type ForgetRuns, type ParkingLot } from '../dead-letters/parking-lot';
import { dataFolder } from '../root';
import { readAddresses } from '../start/addresses';
import { askServers, type Asked } from '../start/explain-unreachable';
import { parseCommand, type Action, type ParsedCommand } from '../dead-letters/arguments';
import { runCommand } from '../command-line';

/** A database that takes longer than this to delete one row hangs, or cannot be reached. */
const ANSWERS_WITHIN_MS = 10_000;

const plural = (messages: number) => `${String(messages)} ${messages === 1 ? 'message' : 'messages'}`;

const forgetRunsIn =
  (asked: Asked): ForgetRuns =>
  (service, messageId) =>
    askServers(asked, async () => {
      const connectionString = asked.databases[service];
      const limits = { connectionTimeoutMillis: ANSWERS_WITHIN_MS, query_timeout: ANSWERS_WITHIN_MS };
      const client = new Client({ connectionString, application_name: 'quadrille-dead-letters', ...limits });
      client.on('error', () => undefined); // the query fails as well
      try {
        await client.connect();
        await client.query('DELETE FROM delivery_attempt WHERE message_id = $1', [messageId]);
      } finally {
        await client.end().catch(() => undefined);
      }
    });

function shown(action: Action, found: readonly Parked[]): string[] {
  if (found.length === 0) return ['  No such message is parked.'];
  if (action === 'show') return found.flatMap((parked) => [...parkedMessage(parked), '']);
  return [...parkedTable(found), '', `  ${plural(found.length)}`];
}

function told(done: string, { done: acted, failed }: Acted): string[] {
  return [
    ...(acted.length > 0 ? [...parkedTable(acted), ''] : []),
    acted.length + failed.length === 0 ? '  No such message is parked.' : `  ${plural(acted.length)} ${done}`,
    ...failed.map(({ parked, why }) => `  ${parked.messageId} stays in ${parked.service}.${parked.queue}: ${why}`),
  ];
}

async function act(lot: ParkingLot, { action, selection, dryRun }: ParsedCommand): Promise<string[]> {
  if (action === 'list' || action === 'show') return shown(action, await lot.list(selection));
  const done = action === 'replay' ? 'replayed' : 'discarded';
  if (dryRun) {
    const found = await lot.list(selection);
    return [...shown('list', found), ...(found.length > 0 ? [`  would be ${done}: nothing was done`] : [])];
  }
  const acted = await lot[action](selection);
  if (acted.failed.length > 0) process.exitCode = 1;
  return told(done, acted);
}

/**
 * Lists, shows, replays or discards the messages that services have parked. Exit status 1 when one could not be
 * replayed.
 */
async function deadLetters(): Promise<void> {
  const command = parseCommand(process.argv.slice(2));
  const addresses = command.docker ? await composeAddresses() : readAddresses(dataFolder);
  const asked = { ...addresses, docker: command.docker };
  const lines = await askServers(asked, async () => {
    const lot = await openParkingLot(addresses.amqp, forgetRunsIn(asked));
    try {
      return await act(lot, command);
    } finally {
      await lot.close();
    }
  });
  process.stdout.write(`\n${lines.join('\n')}\n`);
}

runCommand(deadLetters);
