-- Orders that we made ourselves and a store is paid for: written before the store is called. `state`: 1 open, 2 processing, 3 paid, 4 expired, 5 failed, 6 flagged.
CREATE TABLE store_order (
    book TEXT NOT NULL,
    order_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    request_id TEXT NOT NULL,
    store TEXT NOT NULL,
    environment TEXT NOT NULL,
    -- Our account at the store, to which the buyer pays.
    merchant TEXT NOT NULL,
    product_id TEXT NOT NULL,
    market TEXT NOT NULL,
    channel TEXT NOT NULL,
    coins BIGINT NOT NULL,
    currency TEXT NOT NULL,
    price_minor_units BIGINT NOT NULL,
    tax_minor_units BIGINT NOT NULL,
    -- 1: the card's bank is asked to authenticate the buyer.
    authenticate BIGINT NOT NULL,
    -- Where the store sends the buyer back to. Empty where the buyer was erased.
    success_url TEXT NOT NULL,
    cancel_url TEXT NOT NULL,
    state BIGINT NOT NULL,
    -- The store's id of what the buyer is sent to, and its address. Empty until the store has answered.
    session_id TEXT NOT NULL,
    pay_url TEXT NOT NULL,
    -- The store's id of the payment, and our purchase. Empty until it is paid.
    transaction_id TEXT NOT NULL,
    purchase_id TEXT NOT NULL,
    -- What a person should know: in what the store contradicts the order, why it refused it.
    note TEXT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    expires_at_ms BIGINT NOT NULL,
    -- When the store was last asked to make the session; 0: never.
    asked_at_ms BIGINT NOT NULL,
    next_check_at_ms BIGINT NOT NULL,
    tries BIGINT NOT NULL,
    PRIMARY KEY (book, order_id)
);
-- A request makes one order.
CREATE UNIQUE INDEX store_order_request ON store_order (book, user_id, request_id);
-- What the sweep asks the store about.
CREATE INDEX store_order_open ON store_order (next_check_at_ms) WHERE state IN (1, 2);
-- What a person has to look at; nearly always empty.
CREATE INDEX store_order_flagged ON store_order (book, order_id) WHERE state = 6;
