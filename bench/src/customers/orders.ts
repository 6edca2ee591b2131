/** The n-th order of each kind of load. Pure, so that every round has the same orders. */

/** An order to be placed. */
export interface PlannedOrder {
  readonly body: {
    readonly customer_id: string;
    readonly items: readonly { readonly product_id: string; readonly quantity: number }[];
    readonly payment_method: string;
  };
  /** Cancelled as soon as it is accepted. */
  readonly cancel?: true;
  /** Whether it should be CONFIRMED at once, so that its latency counts. */
  readonly good: boolean;
}

/**
 * Products that the benchmark sells: few enough that orders share some in a batch, and enough that they do not queue
 * for one row.
 */
export const PRODUCTS = Array.from({ length: 50 }, (_, n) => `bench-${String(n).padStart(2, '0')}`);
/** A product that is always sold out. */
export const SOLD_OUT = 'bench-sold-out';
/** The product of the flash sale. */
export const FLASH = 'bench-flash';

/** How many customers order, so that none has all the orders. */
const CUSTOMERS = 1_000;

/** Lines of a big order. */
const BIG_LINES = 100;

const productAt = (n: number) => PRODUCTS[n % PRODUCTS.length] ?? SOLD_OUT;
const lines = (n: number, count: number) =>
  Array.from({ length: count }, (_, line) => ({ product_id: productAt(n + line), quantity: 1 }));

const order = (n: number, items: PlannedOrder['body']['items'], method = 'tok_success'): PlannedOrder => ({
  body: { customer_id: `bench-${String(n % CUSTOMERS)}`, items, payment_method: method },
  good: method === 'tok_success',
});

/** Of twenty orders: one declined, two flaky, one sold out, one cancelled, fifteen plain; one to five lines each. */
function mixed(n: number): PlannedOrder {
  const items = lines(n, 1 + (n % 5));
  switch (n % 20) {
    case 0:
      return order(n, items, 'tok_decline');
    case 5:
    case 10:
      return order(n, items, 'tok_flaky_1');
    case 15:
      return { ...order(n, [{ product_id: SOLD_OUT, quantity: 1 }]), good: false };
    case 17:
      return { ...order(n, items), cancel: true, good: false };
    default:
      return order(n, items);
  }
}

/** The kinds of load, each with its n-th order. */
export const kinds = {
  plain: (n: number) => order(n, lines(n, 1)),
  mixed,
  flash: (n: number) => order(n, [{ product_id: FLASH, quantity: 1 }]),
  unavailable: (n: number) => order(n, lines(n, 1), 'tok_unavailable'),
  big: (n: number) => order(n, bigLines(n)),
} satisfies Record<string, (n: number) => PlannedOrder>;

// Lines of the same product are added up, so a hundred lines need a hundred products.
const bigLines = (n: number) =>
  Array.from({ length: BIG_LINES }, (_, line) => ({ product_id: bigProduct((n + line) % BIG_LINES), quantity: 1 }));

/** The products of big orders. */
const bigProduct = (n: number): string => `bench-big-${String(n).padStart(3, '0')}`;

/** All products of big orders. */
export const BIG_PRODUCTS = Array.from({ length: BIG_LINES }, (_, n) => bigProduct(n));

/** A kind of load. */
export type Kind = keyof typeof kinds;
