/**
 * Failpoints: named places where a fault test kills, delays or fails this very process, at exactly the moment that it
 * means. The environment arms one of them:
 *
 *     FAILPOINT=before_commit:kill                     the first time this place is reached
 *     FAILPOINT=before_commit/OrderCancelled:kill:3    the third time with such a message; or an order's id
 *     FAILPOINT=before_call:sleep=5000:every           each time; the work goes on 5 s later
 *     FAILPOINT=before_commit:throw=40P01              an error with this code
 *
 * Unarmed, as everywhere but in a fault test, a failpoint is a call of an empty function.
 */
import { writeSync } from 'node:fs';
import { pause } from './backoff';

/** The places, in the order in which a message passes them. */
export const FAILPOINTS = [
  /** Decided, nothing written. */
  'before_commit',
  /** Committed, nothing published. */
  'after_commit',
  /** Handed to the operating system, on its way to the broker. */
  'after_publish',
  /** Confirmed, its row still in the outbox. */
  'after_confirm',
  /** A batch is committed and not acked. */
  'before_ack',
  /** The gateway is about to be asked to charge. */
  'before_call',
  /** The gateway has charged, or not, and the service does not know it yet. */
  'after_call',
  'before_refund',
  'after_refund',
  /** An order is placed, its customer not answered. */
  'before_response',
] as const;

type Failpoint = (typeof FAILPOINTS)[number];

/** What passes a place: failpoints select by message type and key. */
export type Passing = readonly { readonly key: string; readonly message: unknown }[];

/** A place. Waits only when it is told to sleep. */
export type Reach = (place: Failpoint, passing?: Passing) => Promise<void> | undefined;

const FORMAT = /^([a-z_]+)(?:\/([\w-]+))?:(kill|sleep=\d{1,6}|throw(?:=\w+)?)(?::(\d{1,6}|every))?$/;

const STANDARD_ERROR = 2;

const inert: Reach = () => undefined;

const isSelected = (selector: string, passing: Passing) =>
  passing.some(
    ({ key, message }) =>
      key === selector ||
      (typeof message === 'object' && message !== null && 'type' in message && message.type === selector),
  );

function act(place: string, action: string): Promise<void> | undefined {
  const [verb, argument = ''] = action.split('=');
  // Written at once, whatever becomes of the process.
  writeSync(STANDARD_ERROR, `failpoint ${place}: ${action}\n`);
  if (verb === 'sleep') return pause(Number(argument));
  if (verb === 'throw') throw Object.assign(new Error(`failpoint ${place}`), argument === '' ? {} : { code: argument });
  process.kill(process.pid, 'SIGKILL');
  return undefined;
}

/** What FAILPOINT must look like. */
export const FAILPOINT_ERROR = `must be <place>[/<type or id>]:<kill|sleep=ms|throw[=code]>[:<n|every>], the place one of ${FAILPOINTS.join(', ')}`;

/** The failpoint that `armed`, in the form of FAILPOINT, describes; undefined when it has another form. */
export function createFailpoint(armed: string | undefined): Reach | undefined {
  if (armed === undefined || armed === '') return inert;
  const [, place, selector, action = '', times = '1'] = FORMAT.exec(armed) ?? [];
  if (!FAILPOINTS.some((known) => known === place)) return undefined;
  let reached = 0;
  return (here, passing = []) => {
    if (here !== place || (selector !== undefined && !isSelected(selector, passing))) return undefined;
    reached += 1;
    return times === 'every' || reached === Number(times) ? act(place, action) : undefined;
  };
}

/**
 * The failpoint of this process. One of another form is refused with the rest of the configuration (config.ts), before
 * anything is reached: thrown from here it would be a stack trace of whatever module was loaded first.
 */
export const failpoint: Reach = createFailpoint(process.env['FAILPOINT']) ?? inert;
