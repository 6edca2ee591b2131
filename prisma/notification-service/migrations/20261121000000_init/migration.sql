-- Events committed and not yet confirmed by the broker. Rows come and go within milliseconds: vacuum often.
CREATE TABLE "outbox" (
    "id" UUID NOT NULL,
    "exchange" TEXT NOT NULL,
    "routing_key" TEXT NOT NULL,
    "order_id" TEXT NOT NULL,
    "traceparent" TEXT,
    "body" TEXT NOT NULL,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "available_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "outbox_pkey" PRIMARY KEY ("id")
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

-- How often a redelivered message was begun: finds the one that takes the process down.
CREATE TABLE "delivery_attempt" (
    "message_id" TEXT NOT NULL,
    "attempts" INTEGER NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "delivery_attempt_pkey" PRIMARY KEY ("message_id")
);

CREATE TYPE "NotificationKind" AS ENUM ('PAYMENT_RECEIVED', 'CONFIRMED', 'COMPLETED', 'REJECTED', 'FAILED', 'CANCELLED', 'REFUNDED', 'DIRECT');

CREATE TYPE "NotificationChannel" AS ENUM ('log', 'smtp');

-- What a customer was told, once for each order and kind.
CREATE TABLE "notification" (
    "notification_id" TEXT NOT NULL,
    "customer_id" TEXT NOT NULL,
    "order_id" TEXT,
    "kind" "NotificationKind" NOT NULL,
    "subject" TEXT NOT NULL,
    "message" TEXT NOT NULL,
    "channel" "NotificationChannel" NOT NULL,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "traceparent" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "sent_at" TIMESTAMPTZ(3),
    "due_at" TIMESTAMPTZ(3),

    CONSTRAINT "notification_pkey" PRIMARY KEY ("notification_id")
);

-- The one place where an address lives.
CREATE TABLE "customer" (
    "customer_id" TEXT NOT NULL,
    "email" TEXT NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "customer_pkey" PRIMARY KEY ("customer_id")
);

CREATE UNIQUE INDEX "notification_order_id_kind_key" ON "notification"("order_id", "kind");

CREATE INDEX "notification_customer_id_notification_id_idx" ON "notification"("customer_id", "notification_id" DESC);

CREATE INDEX "notification_due_at_idx" ON "notification"("due_at");
