-- The token that binds a store receipt to a user; handed to the store by the user's app.
CREATE TABLE wallet (
    book TEXT NOT NULL,
    user_id TEXT NOT NULL,
    app_account_token TEXT NOT NULL,
    PRIMARY KEY (book, user_id)
);
-- A receipt arrives with the token and asks for its owner.
CREATE UNIQUE INDEX wallet_token ON wallet (book, app_account_token);

-- One row per good receipt. `state`: 1 verified, 2 credited. All but state, attempt and what the credit answered is fixed at birth.
CREATE TABLE purchase (
    book TEXT NOT NULL,
    purchase_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    request_id TEXT NOT NULL,
    state BIGINT NOT NULL,
    store TEXT NOT NULL,
    environment TEXT NOT NULL,
    bundle_id TEXT NOT NULL,
    transaction_id TEXT NOT NULL,
    product_id TEXT NOT NULL,
    quantity BIGINT NOT NULL,
    coins BIGINT NOT NULL,
    currency TEXT NOT NULL,
    price_minor_units BIGINT NOT NULL,
    tax_minor_units BIGINT NOT NULL,
    commission_minor_units BIGINT NOT NULL,
    purchased_at_ms BIGINT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    attempt BIGINT NOT NULL,
    next_attempt_at_ms BIGINT NOT NULL,
    posting_id TEXT NOT NULL,
    coin_balance BIGINT NOT NULL,
    balance_seq BIGINT NOT NULL,
    PRIMARY KEY (book, purchase_id)
);
-- Decides who was first with a receipt, whoever presents it.
CREATE UNIQUE INDEX purchase_transaction ON purchase (environment, bundle_id, transaction_id);
-- A user's purchases, newest first: ids begin with their time.
CREATE INDEX purchase_user ON purchase (book, user_id, purchase_id);
-- What the sweeper has to finish; nearly always empty.
CREATE INDEX purchase_open ON purchase (next_attempt_at_ms) WHERE state = 1;
