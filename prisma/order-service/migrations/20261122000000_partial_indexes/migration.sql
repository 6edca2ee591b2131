-- Only rows that wait for something, and orders with a key, are worth an entry: an order that rests has none, however many there are.
DROP INDEX "orders_due_at_idx";
CREATE INDEX "orders_due_at_idx" ON "orders"("due_at") WHERE "due_at" IS NOT NULL;

DROP INDEX "orders_idempotency_key_key";
CREATE UNIQUE INDEX "orders_idempotency_key_key" ON "orders"("idempotency_key") WHERE "idempotency_key" IS NOT NULL;
