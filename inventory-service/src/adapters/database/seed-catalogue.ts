/** Fills an empty catalogue, so that a fresh copy has something to sell. One with anything in it is left alone. */
import { backoffMs, pause, reasonOf, type Logger, type Pool } from '@quadrille/service-chassis';
import { catalogue } from '../../catalogue';

/** Pauses while the database is away. */
const RETRY = { firstMs: 100, maxMs: 5_000 };

/** Only products that this very statement created get an adjustment: two replicas may start at once. */
const SEED = `WITH created AS (
    INSERT INTO product (product_id, name, category, price_minor, currency, available)
    SELECT "productId", name, category, "priceMinor", $2, stock
    FROM json_to_recordset($1::json) AS row ("productId" text, name text, category text, "priceMinor" bigint, stock bigint)
    WHERE NOT EXISTS (SELECT FROM product) ORDER BY "productId"
    ON CONFLICT (product_id) DO NOTHING RETURNING product_id, available)
  INSERT INTO stock_adjustment (product_id, delta, reason) SELECT product_id, available, 'seed' FROM created WHERE available > 0`;

/** Seeds once; resolves with the number of products that got stock. */
export async function seedCatalogue(pool: Pool, currency: string): Promise<number> {
  const { rowCount } = await pool.query(SEED, [JSON.stringify(catalogue), currency]);
  return rowCount ?? 0;
}

/** The seeding of one process. */
export interface Seeding {
  /** Seeds as soon as the database answers. */
  start(): void;
  /** Resolves when the catalogue is there; never when the seed was stopped before. */
  readonly done: Promise<void>;
  isDone(): boolean;
  /** What it waits for, by name; empty when it is done. */
  problems(): Readonly<Record<string, string>>;
  stop(): void;
}

/** Prepares the seeding; the database is asked nothing before start(). */
export function createSeeding(pool: Pool, currency: string, log: Pick<Logger, 'info' | 'warn'>): Seeding {
  const stopping = new AbortController();
  let problem: string | undefined = 'not looked at yet';

  let seeded: () => void = () => undefined;
  const done = new Promise<void>((resolve) => {
    seeded = resolve;
  });

  const seed = async () => {
    for (let failures = 0; !stopping.signal.aborted; failures++) {
      try {
        const products = await seedCatalogue(pool, currency);
        if (products > 0) log.info({ products }, 'the empty catalogue was seeded');
        problem = undefined;
        seeded();
        return;
      } catch (error) {
        problem = reasonOf(error);
        // It may have been seeded long ago: that is not known before the database answers.
        log.warn(
          { reason: problem, failures },
          'the catalogue cannot be looked at yet; it is seeded only if it is empty',
        );
        await pause(backoffMs(failures, RETRY), stopping.signal);
      }
    }
  };

  return {
    start: () => void seed(),
    done,
    isDone: () => problem === undefined,
    problems: () => (problem === undefined ? {} : { catalogue: problem }),
    stop: () => {
      stopping.abort();
    },
  };
}
