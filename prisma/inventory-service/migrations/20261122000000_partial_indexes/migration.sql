-- Only rows that wait for something are worth an entry: a reservation that rests has none, however many there are.
DROP INDEX "reservation_due_at_idx";
CREATE INDEX "reservation_due_at_idx" ON "reservation"("due_at") WHERE "due_at" IS NOT NULL;
