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

CREATE TYPE "OrderStatus" AS ENUM ('PENDING', 'CONFIRMED', 'COMPLETED', 'CANCELLED', 'REJECTED', 'FAILED', 'REFUNDED');

CREATE TYPE "InventoryFacet" AS ENUM ('none', 'reserved', 'unavailable', 'released');

CREATE TYPE "PaymentFacet" AS ENUM ('none', 'processed', 'over');

-- An order; its row arbitrates confirm against cancel against deadline. The free space keeps its three updates on its page.
CREATE TABLE "orders" (
    "order_id" TEXT NOT NULL,
    "customer_id" TEXT NOT NULL,
    "status" "OrderStatus" NOT NULL,
    "reason" TEXT,
    "items" JSONB NOT NULL,
    "currency" TEXT NOT NULL,
    "payment_method" TEXT NOT NULL,
    "total_minor" BIGINT,
    "inventory" "InventoryFacet" NOT NULL,
    "payment" "PaymentFacet" NOT NULL,
    "settled" BOOLEAN NOT NULL,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "timeline" JSONB NOT NULL,
    "version" INTEGER NOT NULL DEFAULT 1,
    "idempotency_key" TEXT,
    "request_hash" TEXT NOT NULL,
    "traceparent" TEXT,
    "nudges" INTEGER NOT NULL DEFAULT 0,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "deadline_at" TIMESTAMPTZ(3) NOT NULL,
    "due_at" TIMESTAMPTZ(3),

    CONSTRAINT "orders_pkey" PRIMARY KEY ("order_id")
);

CREATE UNIQUE INDEX "orders_idempotency_key_key" ON "orders"("idempotency_key");

CREATE INDEX "orders_customer_id_order_id_idx" ON "orders"("customer_id", "order_id" DESC);

CREATE INDEX "orders_status_order_id_idx" ON "orders"("status", "order_id" DESC);

CREATE INDEX "orders_due_at_idx" ON "orders"("due_at");
