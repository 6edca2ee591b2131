/**
 * The command line of dead-letters. Anything that is not understood is refused: it might act on other messages than
 * meant.
 */
import { eventTypes } from '@quadrille/shared-events';
import { parkingQueues, type ParkingQueue } from './parked';
import type { Selection } from './select';
import { services, shortNames } from '../services';
import { readCommandLine } from '../command-line';

const serviceNames = shortNames.map((short) => services[short].table.name);

/** What a parked message without a type and without a routing key is listed as. */
const NO_EVENT = 'unknown';

/** The types that a parked message can have: all events, and the messages that a service delays for itself. */
const knownEvents: readonly string[] = [
  ...eventTypes,
  ...shortNames.flatMap((short) => {
    const { delaysMs, inputs } = services[short].table;
    return delaysMs.length > 0 ? Object.keys(inputs) : [];
  }),
  NO_EVENT,
];

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
/** What can be done with parked messages. */
export type Action = (typeof actions)[number];

/** What the command line asks for. */
export interface ParsedCommand {
  readonly action: Action;
  readonly selection: Selection;
  readonly dryRun: boolean;
  readonly docker: boolean;
}

/**
 * Reads the command line of dead-letters. Throws, naming the right form, when it is wrong or could act on more messages
 * than meant.
 */
export function parseCommand(args: string[]): ParsedCommand {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean', default: false } as const;
  const { positionals, values } = readCommandLine(usage, {
    args,
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
  if (event !== undefined && !knownEvents.includes(event))
    refuse(
      `--event must be one of ${knownEvents.join(', ')}. A message of another type is chosen by --id, --reason or --queue.`,
    );
  const selection = { service, queue, event, reason, order, id };
  const acts = action === 'replay' || action === 'discard';
  if (acts && !values.all && Object.values(selection).every((value) => value === undefined))
    refuse(`Say which messages to ${action}, for example with --service, or --all.`);
  if (action === 'discard' && !values.yes && !values['dry-run'])
    refuse('discard is final: look with --dry-run, then say --yes.');
  return { action, selection, dryRun: values['dry-run'], docker: values.docker };
}
