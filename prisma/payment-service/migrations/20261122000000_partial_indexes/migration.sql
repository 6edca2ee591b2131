-- Only rows that wait for something are worth an entry: a payment that rests has none, however many there are.
DROP INDEX "payments_due_at_idx";
CREATE INDEX "payments_due_at_idx" ON "payments"("due_at") WHERE "due_at" IS NOT NULL;

-- Entries of the bank's ledger under another key than their order's: there should be none, and whoever checks the books finds them at once.
CREATE INDEX "simulated_gateway_charge_stray_idx" ON "simulated_gateway_charge"("reference") WHERE "key" <> 'charge-' || "reference";
CREATE INDEX "simulated_gateway_refund_stray_idx" ON "simulated_gateway_refund"("reference") WHERE "key" <> 'refund-' || "reference";
