-- Sales that a store names by a token: each token is one purchase, whatever the store says its order is. `state`: 1 its buyer has not paid yet, 2 its purchase is
-- kept, 3 it was never paid.
CREATE TABLE receipt_token (
    store TEXT NOT NULL,
    bundle_id TEXT NOT NULL,
    token_digest TEXT NOT NULL,
    book TEXT NOT NULL,
    state BIGINT NOT NULL,
    -- Who submitted it, as long as it is not paid. Empty after that.
    user_id TEXT NOT NULL,
    product_id TEXT NOT NULL,
    purchase_id TEXT NOT NULL,
    -- With what the store is asked again, JSON. Empty once it is decided.
    receipt TEXT NOT NULL,
    since_ms BIGINT NOT NULL,
    tries BIGINT NOT NULL,
    next_attempt_at_ms BIGINT NOT NULL,
    note TEXT NOT NULL,
    PRIMARY KEY (store, bundle_id, token_digest)
);
-- What is asked again; few wait for cash.
CREATE INDEX receipt_token_pending ON receipt_token (next_attempt_at_ms) WHERE state = 1;
-- Those of a user who is erased.
CREATE INDEX receipt_token_user ON receipt_token (book, user_id) WHERE user_id <> '';
