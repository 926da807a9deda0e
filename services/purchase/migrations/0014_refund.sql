-- What of a lot's removed coins was paid back to the buyer.
ALTER TABLE coin_lot ADD COLUMN refunded_coins BIGINT NOT NULL DEFAULT 0;

-- What stores said was paid back of a purchase, one row for each thing that they say of it: the whole, one of their refunds, or all of them together. `status`: 1 on
-- its way, 2 paid back, 3 not paid back after all. `part` of `whole`: of the price in minor units where there is a currency, otherwise of any number.
CREATE TABLE refund_fact (
    store TEXT NOT NULL,
    environment TEXT NOT NULL,
    bundle_id TEXT NOT NULL,
    transaction_id TEXT NOT NULL,
    fact_id TEXT NOT NULL,
    book TEXT NOT NULL,
    part BIGINT NOT NULL,
    whole BIGINT NOT NULL,
    currency TEXT NOT NULL,
    status BIGINT NOT NULL,
    -- Which of two statements stands: the one with the higher number, whatever the order in which they came.
    order_no BIGINT NOT NULL,
    said_at_ms BIGINT NOT NULL,
    -- 1 to be applied, 2 applied, 3 a person has to look at it.
    state BIGINT NOT NULL,
    note TEXT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    tries BIGINT NOT NULL,
    next_attempt_at_ms BIGINT NOT NULL,
    PRIMARY KEY (store, environment, bundle_id, transaction_id, fact_id)
);
-- What is to be applied, and what a person has to look at; nearly always empty.
CREATE INDEX refund_fact_open ON refund_fact (state, next_attempt_at_ms) WHERE state <> 2;

-- Changes of what was paid back of a purchase, in order: the next one is planned once the one before is posted.
CREATE TABLE refund (
    book TEXT NOT NULL,
    purchase_id TEXT NOT NULL,
    step_no BIGINT NOT NULL,
    user_id TEXT NOT NULL,
    -- 1: taken back, so that coins come back to the viewer.
    is_back BIGINT NOT NULL,
    coins BIGINT NOT NULL,
    currency TEXT NOT NULL,
    amount_minor_units BIGINT NOT NULL,
    -- What was paid back in all after this step.
    coins_total BIGINT NOT NULL,
    amount_total_minor_units BIGINT NOT NULL,
    -- 1 coins are to be posted, 2 money is to be posted, 3 done.
    state BIGINT NOT NULL,
    note TEXT NOT NULL,
    tries BIGINT NOT NULL,
    next_attempt_at_ms BIGINT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    -- The posting of coins: how many from the wallet or to it, and how many of the viewer's debt. `attempt` counts refusals of the ledger; 0 with no time: not planned.
    attempt BIGINT NOT NULL,
    planned_at_ms BIGINT NOT NULL,
    wallet_coins BIGINT NOT NULL,
    debt_coins BIGINT NOT NULL,
    debt_change_no BIGINT NOT NULL,
    -- 1: the wallet is closed.
    is_closed BIGINT NOT NULL,
    restores TEXT NOT NULL,
    posting_id TEXT NOT NULL,
    seq BIGINT NOT NULL,
    -- The posting of money; amounts are less than nothing where they go back.
    money_attempt BIGINT NOT NULL,
    money_planned_at_ms BIGINT NOT NULL,
    deferred_minor_units BIGINT NOT NULL,
    prepaid_minor_units BIGINT NOT NULL,
    contra_minor_units BIGINT NOT NULL,
    commission_minor_units BIGINT NOT NULL,
    tax_minor_units BIGINT NOT NULL,
    money_posting_id TEXT NOT NULL,
    PRIMARY KEY (book, purchase_id, step_no)
);
-- What is to be posted; nearly always empty.
CREATE INDEX refund_open ON refund (next_attempt_at_ms) WHERE state < 3;

-- Viewers who owed coins at some time. `change_no` counts changes of the debt, as the ledger's guard does.
CREATE TABLE viewer_debt (
    book TEXT NOT NULL,
    user_id TEXT NOT NULL,
    change_no BIGINT NOT NULL,
    -- 1: coins are owed.
    is_open BIGINT NOT NULL,
    tries BIGINT NOT NULL,
    next_attempt_at_ms BIGINT NOT NULL,
    PRIMARY KEY (book, user_id)
);
CREATE INDEX viewer_debt_open ON viewer_debt (next_attempt_at_ms) WHERE is_open = 1;

-- Coins of a wallet that pay for its owner's debt, as the change of this number. `state`: 1 to be posted, 2 posted.
CREATE TABLE debt_settlement (
    book TEXT NOT NULL,
    user_id TEXT NOT NULL,
    change_no BIGINT NOT NULL,
    coins BIGINT NOT NULL,
    attempt BIGINT NOT NULL,
    planned_at_ms BIGINT NOT NULL,
    state BIGINT NOT NULL,
    posting_id TEXT NOT NULL,
    PRIMARY KEY (book, user_id, change_no)
);
