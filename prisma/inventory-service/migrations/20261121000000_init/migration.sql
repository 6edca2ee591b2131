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

-- A product and its stock. The free space keeps the updates of a busy product on its page.
CREATE TABLE "product" (
    "product_id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "category" TEXT NOT NULL,
    "price_minor" BIGINT,
    "currency" TEXT NOT NULL,
    "available" BIGINT NOT NULL,
    "reserved" BIGINT NOT NULL DEFAULT 0,
    "committed" BIGINT NOT NULL DEFAULT 0,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "product_pkey" PRIMARY KEY ("product_id"),
    CONSTRAINT "product_stock_check" CHECK ("available" >= 0 AND "reserved" >= 0 AND "committed" >= 0)
) WITH (fillfactor = 50);

-- The ledger of stock: the sum of a product's deltas is its available, reserved and committed stock together.
CREATE TABLE "stock_adjustment" (
    "id" BIGSERIAL NOT NULL,
    "product_id" TEXT NOT NULL,
    "delta" BIGINT NOT NULL,
    "reason" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "stock_adjustment_pkey" PRIMARY KEY ("id")
);

CREATE TYPE "ReservationStatus" AS ENUM ('RESERVED', 'COMMITTED', 'RELEASED', 'UNAVAILABLE', 'TOMBSTONE');

-- What became of an order's stock.
CREATE TABLE "reservation" (
    "order_id" TEXT NOT NULL,
    "customer_id" TEXT NOT NULL,
    "status" "ReservationStatus" NOT NULL,
    "reason" TEXT,
    "items" JSONB NOT NULL,
    "lines_at_fault" JSONB,
    "total_minor" BIGINT,
    "currency" TEXT,
    "payment_method" TEXT,
    "traceparent" TEXT,
    "nudges" INTEGER NOT NULL DEFAULT 0,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "due_at" TIMESTAMPTZ(3),

    CONSTRAINT "reservation_pkey" PRIMARY KEY ("order_id")
);

CREATE INDEX "product_category_product_id_idx" ON "product"("category", "product_id");

CREATE INDEX "stock_adjustment_product_id_idx" ON "stock_adjustment"("product_id");

CREATE INDEX "reservation_due_at_idx" ON "reservation"("due_at");

ALTER TABLE "stock_adjustment" ADD CONSTRAINT "stock_adjustment_product_id_fkey" FOREIGN KEY ("product_id") REFERENCES "product"("product_id") ON DELETE RESTRICT ON UPDATE RESTRICT;
