-- The bills in which wallets list each day's payments and refunds: one row for each account and day. `state`: 1 it is to be fetched, or was not the right one so far;
-- 2 it was read, and nothing of it is open; 3 the wallet has none of that day; 4 it was never the right one, and the wallet keeps it no longer.
CREATE TABLE store_bill (
    book TEXT NOT NULL,
    store TEXT NOT NULL,
    -- Our account at the wallet, as orders keep it.
    account TEXT NOT NULL,
    -- The day, as the wallet counts days: 2026-11-28.
    day TEXT NOT NULL,
    state BIGINT NOT NULL,
    -- SHA-256 of its bytes, and how many; empty and 0 until it was read. The bytes are not kept: they say more of buyers than is needed.
    sha256 TEXT NOT NULL,
    size_bytes BIGINT NOT NULL,
    -- Payments and refunds in it, and those of them that no notification had said.
    trades BIGINT NOT NULL,
    found BIGINT NOT NULL,
    note TEXT NOT NULL,
    tries BIGINT NOT NULL,
    next_attempt_at_ms BIGINT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    ended_at_ms BIGINT NOT NULL,
    PRIMARY KEY (book, store, account, day)
);
CREATE INDEX store_bill_due ON store_bill (next_attempt_at_ms) WHERE state = 1;
-- Where the buyer of an order pays, and what the wallet must know of the buyer for that. Empty: its usual way, and nothing. Emptied where the buyer was erased.
ALTER TABLE store_order ADD COLUMN pay_method TEXT NOT NULL DEFAULT '';
ALTER TABLE store_order ADD COLUMN payer_id TEXT NOT NULL DEFAULT '';
ALTER TABLE store_order ADD COLUMN payer_address TEXT NOT NULL DEFAULT '';
-- Who wants to end a refund that the store can't end, and the second person who agreed. A ninth `state` of refund_order: 9, staff ended it.
ALTER TABLE refund_order ADD COLUMN end_asked_by TEXT NOT NULL DEFAULT '';
ALTER TABLE refund_order ADD COLUMN end_agreed_by TEXT NOT NULL DEFAULT '';
