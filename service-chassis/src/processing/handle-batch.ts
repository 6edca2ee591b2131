/**
 * Handling a batch: what the batcher, the consumer and the effects share. The failure policy is composed of small
 * functions of this one type, each about one concern:
 *
 *     events             measure( isolateFailures( retryTransient( process )))
 *     commands, answers  measure( isolateFailures( process ))
 *
 * Events have the broker's patience: while the infrastructure is at fault they are tried again. A command and the
 * answer of an effect have a caller who is told instead: the customer by 503, the sweeper by its next look.
 */

/**
 * Handles a batch: one result for each item, in the same order; an Error concerns that item alone. Rejects with what
 * concerns all of them, and then nothing of the batch counts as handled.
 */
export type HandleBatch<Item, Result> = (items: readonly Item[]) => Promise<readonly (Result | Error)[]>;

/** As HandleBatch, but all or nothing: whatever is wrong with one item, none of them is handled. */
export type HandleWhole<Item, Result> = (items: readonly Item[]) => Promise<readonly Result[]>;
