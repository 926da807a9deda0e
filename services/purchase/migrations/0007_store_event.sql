-- What stores say on their own: one row for each notification that was proved to be the store's, written before it is answered. `state`: 1 to be read, 2 its
-- purchase is kept, 3 nothing to do, 4 waits until refunds settle, 5 staff have to act, 6 a type that nobody knew, 7 its buyer is unknown, 8 refused.
CREATE TABLE store_event (
    store TEXT NOT NULL,
    event_id TEXT NOT NULL,
    book TEXT NOT NULL,
    kind TEXT NOT NULL,
    subtype TEXT NOT NULL,
    environment TEXT NOT NULL,
    bundle_id TEXT NOT NULL,
    transaction_id TEXT NOT NULL,
    account_token TEXT NOT NULL,
    signed_at_ms BIGINT NOT NULL,
    received_at_ms BIGINT NOT NULL,
    state BIGINT NOT NULL,
    note TEXT NOT NULL,
    -- As it came, signed. Empty where nothing is left to do with it, and where its buyer was erased.
    payload TEXT NOT NULL,
    tries BIGINT NOT NULL,
    next_attempt_at_ms BIGINT NOT NULL,
    -- A store repeats what it is not sure to have delivered.
    PRIMARY KEY (store, event_id)
);
-- What is to be read; nearly always empty.
CREATE INDEX store_event_new ON store_event (next_attempt_at_ms) WHERE state = 1;
-- What is counted as open: each purchase leaves a row that is not.
CREATE INDEX store_event_open ON store_event (state, received_at_ms) WHERE state NOT IN (2, 3);
-- Those of a user who is erased.
CREATE INDEX store_event_token ON store_event (book, account_token) WHERE account_token <> '';
-- Those of a purchase, for staff.
CREATE INDEX store_event_transaction ON store_event (book, transaction_id);
