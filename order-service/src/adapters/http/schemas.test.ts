import { placeOrderSchema } from './schemas';

const read = (payment_method: string) =>
  placeOrderSchema('USD').safeParse({ customer_id: 'c', items: [{ product_id: 'p', quantity: 1 }], payment_method });

test.each(['tok_visa', 'tok_flaky_0', 'tok_flaky_7', 'tok_flaky_99'])('%s is a payment method', (method) => {
  expect(read(method)).toMatchObject({ success: true, data: { paymentMethod: method } });
});

test.each(['tok_flaky_100', 'tok_flaky_-1', 'tok_flaky_', 'tok_flaky_N', 'tok_gold'])(
  '%s is none; the error says what is',
  (method) => {
    const messages = read(method).error?.issues.map(({ message }) => message);
    expect(messages).toEqual([expect.stringMatching(/tok_success.*tok_flaky_N \(N from 0 to 99\)/)]);
  },
);
