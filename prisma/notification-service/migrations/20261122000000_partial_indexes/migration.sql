-- Only mails that wait to be sent are worth an entry: one that is sent has none, however many there are.
DROP INDEX "notification_due_at_idx";
CREATE INDEX "notification_due_at_idx" ON "notification"("due_at") WHERE "due_at" IS NOT NULL;
