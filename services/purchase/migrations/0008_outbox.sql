-- What a store must be told within its window: one row for each purchase of such a store, written with the purchase. `state`: 1 waits until the coins are
-- issued, 2 due, 3 done, 4 given up because the store took the sale back or its coins are never issued.
CREATE TABLE store_outbox (
    book TEXT NOT NULL,
    purchase_id TEXT NOT NULL,
    -- What is to be told; `acknowledge`.
    duty TEXT NOT NULL,
    store TEXT NOT NULL,
    state BIGINT NOT NULL,
    -- With what the store is told, JSON. Empty once nothing is left to tell.
    receipt TEXT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    deadline_ms BIGINT NOT NULL,
    tries BIGINT NOT NULL,
    next_attempt_at_ms BIGINT NOT NULL,
    last_error TEXT NOT NULL,
    done_at_ms BIGINT NOT NULL,
    PRIMARY KEY (book, purchase_id, duty)
);
-- What is to be told; nearly always empty.
CREATE INDEX store_outbox_due ON store_outbox (next_attempt_at_ms) WHERE state = 2;
-- What is counted as open.
CREATE INDEX store_outbox_open ON store_outbox (deadline_ms) WHERE state IN (1, 2);
