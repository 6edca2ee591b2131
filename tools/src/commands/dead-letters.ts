import { Client } from 'pg';
import { composeAddresses } from '../compose/addresses';
import { parkedMessage, parkedTable } from '../dead-letters/format';
import { parkingQueues, type Parked, type ParkingQueue } from '../dead-letters/parked';
import { openParkingLot, type Acted, type ForgetRuns, type ParkingLot } from '../dead-letters/parking-lot';
import type { Selection } from '../dead-letters/select';
import { dataFolder } from '../root';
import { services, shortNames } from '../services';
import { readAddresses, type Addresses } from '../start/addresses';
import { readCommandLine } from './command-line';

const serviceNames = shortNames.map((short) => services[short].table.name);

const usage = `npm run dead-letters -- list|show|replay|discard [--service name] [--queue name] [--event type] [--reason text]
                                                [--order id] [--id id] [--all] [--dry-run] [--yes] [--docker]
  list        one line for each message that a service has given up
  show        the whole messages
  replay      sends messages back to the service that gave them up, and to no other
  discard     ends messages for good
  --service   ${serviceNames.join(', ')}
  --queue     invalid (could not be read) or dead-letter (could not be handled)
  --event     the type of the event, such as PaymentFailed
  --reason    a part of the reason
  --order     the id of the order
  --id        the id of the message
  --all       replay or discard without naming any of the above
  --dry-run   says what replay or discard would do, and does nothing
  --yes       what discard wants to hear: it is final
  --docker    the system of docker compose, not that of npm start`;

const refuse = (problem: string): never => {
  throw new Error(`${problem}\n${usage}`);
};

const actions = ['list', 'show', 'replay', 'discard'] as const;
type Action = (typeof actions)[number];

interface Wish {
  readonly action: Action;
  readonly selection: Selection;
  readonly dryRun: boolean;
  readonly docker: boolean;
}

function parse(): Wish {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean', default: false } as const;
  const { positionals, values } = readCommandLine(usage, {
    allowPositionals: true,
    options: {
      ...{ service: text, queue: text, event: text, reason: text, order: text, id: text },
      ...{ all: flag, 'dry-run': flag, yes: flag, docker: flag },
    },
  });
  const [name, ...others] = positionals;
  const action = actions.find((each) => each === name);
  if (!action) return refuse(`Say one of ${actions.join(', ')}.`);
  if (others.length > 0)
    refuse(`${action} takes no further words: choose messages by the options, not "${others.join(' ')}".`);
  const { service, event, reason, order, id } = values;
  const queue: ParkingQueue | undefined = parkingQueues.find((each) => each === values.queue);
  if (values.queue !== undefined && !queue) refuse(`--queue must be ${parkingQueues.join(' or ')}.`);
  if (service !== undefined && !serviceNames.some((each) => each === service))
    refuse(`--service must be one of ${serviceNames.join(', ')}.`);
  const selection = { service, queue, event, reason, order, id };
  const acts = action === 'replay' || action === 'discard';
  if (acts && !values.all && Object.values(selection).every((value) => value === undefined))
    refuse(`Say which messages to ${action}, for example with --service, or --all.`);
  if (action === 'discard' && !values.yes && !values['dry-run'])
    refuse('discard is final: look with --dry-run, then say --yes.');
  return { action, selection, dryRun: values['dry-run'], docker: values.docker };
}

const plural = (messages: number) => `${String(messages)} ${messages === 1 ? 'message' : 'messages'}`;

const forgetRunsIn =
  ({ databases }: Addresses): ForgetRuns =>
  async (service, messageId) => {
    const client = new Client({ connectionString: databases[service], application_name: 'quadrille-dead-letters' });
    client.on('error', () => undefined); // the query fails as well
    try {
      await client.connect();
      await client.query('DELETE FROM delivery_attempt WHERE message_id = $1', [messageId]);
    } finally {
      await client.end().catch(() => undefined);
    }
  };

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

async function act(lot: ParkingLot, { action, selection, dryRun }: Wish): Promise<string[]> {
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

/** Shows and acts on the messages that the services have given up. Exit status 1 when one could not be replayed. */
async function deadLetters(): Promise<void> {
  const wish = parse();
  const addresses = wish.docker ? await composeAddresses() : readAddresses(dataFolder);
  const lot = await openParkingLot(addresses.amqp, forgetRunsIn(addresses));
  try {
    process.stdout.write(`\n${(await act(lot, wish)).join('\n')}\n`);
  } finally {
    await lot.close();
  }
}

deadLetters().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
