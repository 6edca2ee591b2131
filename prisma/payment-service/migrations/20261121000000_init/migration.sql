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

CREATE TYPE "PaymentStatus" AS ENUM ('CHARGING', 'RETRY_WAIT', 'RESOLVING', 'SUCCEEDED', 'FAILED', 'VOIDED', 'REFUND_PENDING', 'REFUNDED');

CREATE TYPE "SimulatedChargeStatus" AS ENUM ('open', 'charged', 'declined', 'void');

-- A payment, at most one for an order.
CREATE TABLE "payments" (
    "order_id" TEXT NOT NULL,
    "payment_id" TEXT NOT NULL,
    "customer_id" TEXT NOT NULL,
    "status" "PaymentStatus" NOT NULL,
    "amount_minor" BIGINT,
    "currency" TEXT,
    "method" TEXT,
    "attempt" INTEGER NOT NULL DEFAULT 0,
    "stop_wanted" BOOLEAN NOT NULL DEFAULT false,
    "unknown" BOOLEAN NOT NULL DEFAULT false,
    "reason" TEXT,
    "tries" INTEGER NOT NULL DEFAULT 0,
    "traceparent" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "due_at" TIMESTAMPTZ(3),

    CONSTRAINT "payments_pkey" PRIMARY KEY ("order_id")
);

CREATE UNIQUE INDEX "payments_payment_id_key" ON "payments"("payment_id");

CREATE INDEX "payments_due_at_idx" ON "payments"("due_at");

-- The simulated gateway's own ledger: it plays the bank.
CREATE TABLE "simulated_gateway_charge" (
    "key" TEXT NOT NULL,
    "reference" TEXT NOT NULL,
    "status" "SimulatedChargeStatus" NOT NULL,
    "calls" INTEGER NOT NULL DEFAULT 0,
    "amount_minor" BIGINT NOT NULL,
    "currency" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "simulated_gateway_charge_pkey" PRIMARY KEY ("key")
);

CREATE TABLE "simulated_gateway_refund" (
    "key" TEXT NOT NULL,
    "charge_key" TEXT NOT NULL,
    "reference" TEXT NOT NULL,
    "amount_minor" BIGINT NOT NULL,
    "currency" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "simulated_gateway_refund_pkey" PRIMARY KEY ("key")
);

CREATE UNIQUE INDEX "simulated_gateway_refund_charge_key_key" ON "simulated_gateway_refund"("charge_key");
