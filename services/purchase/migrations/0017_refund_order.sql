-- Refunds that are started here: written before the store is asked. `state`: 1 asked (waits for a second person), 2 approved (to be sent), 3 sent, 4 unknown,
-- 5 succeeded, 6 failed, 7 abnormal, 8 rejected.
CREATE TABLE refund_order (
    book TEXT NOT NULL,
    refund_id TEXT NOT NULL,
    purchase_id TEXT NOT NULL,
    -- The buyer.
    user_id TEXT NOT NULL,
    -- 1 the buyer by right of withdrawal, 2 staff.
    started_by BIGINT NOT NULL,
    -- In whose name: the buyer, or the member of staff.
    asked_by TEXT NOT NULL,
    request_id TEXT NOT NULL,
    currency TEXT NOT NULL,
    amount_minor_units BIGINT NOT NULL,
    state BIGINT NOT NULL,
    -- The second person, where one decided.
    decided_by TEXT NOT NULL,
    -- The store's id of the refund. Empty until the store has answered, and where it has none.
    store_refund_id TEXT NOT NULL,
    -- What a person should know: the store's words.
    note TEXT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    decided_at_ms BIGINT NOT NULL,
    -- When the store was asked first; 0: never.
    sent_at_ms BIGINT NOT NULL,
    ended_at_ms BIGINT NOT NULL,
    tries BIGINT NOT NULL,
    next_attempt_at_ms BIGINT NOT NULL,
    PRIMARY KEY (book, refund_id)
);
-- Of a purchase one refund at a time: what is left of its price is known only when the one before has ended.
CREATE UNIQUE INDEX refund_order_one ON refund_order (book, purchase_id) WHERE state IN (1, 2, 3, 4, 7);
-- The refunds of a user and of a purchase, newest first: ids begin with their time.
CREATE INDEX refund_order_user ON refund_order (book, user_id, refund_id);
CREATE INDEX refund_order_purchase ON refund_order (book, purchase_id);
-- What is to be sent or asked about.
CREATE INDEX refund_order_due ON refund_order (next_attempt_at_ms) WHERE state IN (2, 3, 4, 7);
