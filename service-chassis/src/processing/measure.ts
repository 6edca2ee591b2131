/** The figures of what is handled. */
import type { Handled, Input } from '../contract/decision';
import type { ServiceMetrics } from '../telemetry/metrics';
import type { HandleBatch } from './handle-batch';
import type { Processor } from './processor';

/** Observes size and duration of the batches of a lane, however they end. */
export function measure<Item, Result>(
  handle: HandleBatch<Item, Result>,
  { batchSize, batchSeconds }: Pick<ServiceMetrics, 'batchSize' | 'batchSeconds'>,
  lane: string,
): HandleBatch<Item, Result> {
  return async (items) => {
    batchSize.observe({ lane }, items.length);
    const end = batchSeconds.startTimer({ lane });
    try {
      return await handle(items);
    } finally {
      end();
    }
  };
}

/** Counts what was decided and committed, by type of message and outcome. */
export function countOutcomes<State, Message extends { readonly type: string }>(
  process: Processor<State, Message>,
  { handled: counter }: Pick<ServiceMetrics, 'handled'>,
): Processor<State, Message> {
  const count = ({ outcome }: Handled<State>, input: Input<Message> | undefined) => {
    if (input) counter.inc({ type: input.message.type, outcome });
  };
  return async (inputs, hooks) => {
    const handled = await process(inputs, hooks);
    handled.forEach((each, index) => {
      count(each, inputs[index]);
    });
    return handled;
  };
}
