-- What a store owed us for a period against its reports. `state`: 1 to be compared, or waiting for reports or people; 2 settled.
CREATE TABLE store_settlement (
    book TEXT NOT NULL,
    settlement_id TEXT NOT NULL,
    store TEXT NOT NULL,
    account TEXT NOT NULL,
    period TEXT NOT NULL,
    entity TEXT NOT NULL,
    bank_account TEXT NOT NULL,
    state BIGINT NOT NULL,
    -- What it waits for; empty for nothing.
    note TEXT NOT NULL,
    -- The currency in which the store pays, and what it pays, in minor units; empty before it was compared.
    proceeds_currency TEXT NOT NULL,
    paid_minor_units BIGINT NOT NULL,
    -- What an earlier period left for this one, and which; and what this one leaves for a later one.
    carried_from TEXT NOT NULL,
    carried_in_minor_units BIGINT NOT NULL,
    carried_out_minor_units BIGINT NOT NULL,
    -- 1: some differences are not explained by the reports, so that two people decide. The hash is of all differences.
    has_unexplained BIGINT NOT NULL,
    differences_hash TEXT NOT NULL,
    proposed_by TEXT NOT NULL,
    proposed_hash TEXT NOT NULL,
    approved_by TEXT NOT NULL,
    approved_hash TEXT NOT NULL,
    edition BIGINT NOT NULL,
    -- The fence between two processes that compare.
    version BIGINT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    tries BIGINT NOT NULL,
    next_attempt_at_ms BIGINT NOT NULL,
    PRIMARY KEY (book, settlement_id)
);
CREATE UNIQUE INDEX store_settlement_period ON store_settlement (book, store, account, period);
CREATE INDEX store_settlement_open ON store_settlement (next_attempt_at_ms) WHERE state = 1;

-- Sales (step 0) and steps of refunds that a settlement covers: each is settled once.
CREATE TABLE settled_part (
    book TEXT NOT NULL,
    purchase_id TEXT NOT NULL,
    step_no BIGINT NOT NULL,
    settlement_id TEXT NOT NULL,
    currency TEXT NOT NULL,
    expected_minor_units BIGINT NOT NULL,
    PRIMARY KEY (book, purchase_id, step_no)
);
CREATE INDEX settled_part_settlement ON settled_part (book, settlement_id);

-- In what a store's reports differ from what we expected, each with its cause.
CREATE TABLE settlement_difference (
    book TEXT NOT NULL,
    settlement_id TEXT NOT NULL,
    difference_no BIGINT NOT NULL,
    kind TEXT NOT NULL,
    currency TEXT NOT NULL,
    -- What we get less than expected, as an exact decimal; less than nothing where we get more.
    amount TEXT NOT NULL,
    expected TEXT NOT NULL,
    reported TEXT NOT NULL,
    transaction_id TEXT NOT NULL,
    product_id TEXT NOT NULL,
    market TEXT NOT NULL,
    line_no BIGINT NOT NULL,
    note TEXT NOT NULL,
    PRIMARY KEY (book, settlement_id, difference_no)
);

-- Postings of a settlement, by edition and currency: the first, and the differences that corrected reports brought. `state`: 1 to be posted, 2 posted. Amounts are less
-- than nothing where they go back.
CREATE TABLE settlement_posting (
    book TEXT NOT NULL,
    settlement_id TEXT NOT NULL,
    edition BIGINT NOT NULL,
    currency TEXT NOT NULL,
    store TEXT NOT NULL,
    entity TEXT NOT NULL,
    bank_account TEXT NOT NULL,
    fee_minor_units BIGINT NOT NULL,
    fee_tax_minor_units BIGINT NOT NULL,
    contra_minor_units BIGINT NOT NULL,
    withheld_minor_units BIGINT NOT NULL,
    reserved_minor_units BIGINT NOT NULL,
    exchanged_minor_units BIGINT NOT NULL,
    in_transit_minor_units BIGINT NOT NULL,
    claimed_minor_units BIGINT NOT NULL,
    difference_minor_units BIGINT NOT NULL,
    state BIGINT NOT NULL,
    attempt BIGINT NOT NULL,
    planned_at_ms BIGINT NOT NULL,
    posting_id TEXT NOT NULL,
    -- The receipt to be announced to treasury: until when it should come; empty: none. `is_announced`: 1 treasury knows, or is not to know.
    arrives_by TEXT NOT NULL,
    is_announced BIGINT NOT NULL,
    note TEXT NOT NULL,
    tries BIGINT NOT NULL,
    next_attempt_at_ms BIGINT NOT NULL,
    PRIMARY KEY (book, settlement_id, edition, currency)
);
CREATE INDEX settlement_posting_open ON settlement_posting (next_attempt_at_ms) WHERE state = 1 OR is_announced = 0;
