-- Coins of a purchase that are held while nobody has decided whether they are taken back: a refund on its way, or a dispute. `state`: 1 to be placed, 2 placed, and the
-- coin lots are not read that far, 3 placed, 4 to be released, 5 to be taken by a step of the refunds, 6 over.
CREATE TABLE coin_hold (
    book TEXT NOT NULL,
    purchase_id TEXT NOT NULL,
    hold_no BIGINT NOT NULL,
    user_id TEXT NOT NULL,
    -- How many coins what the store says may take, and how many of those are asked for: once they are counted, what is left of the purchase's own.
    target_coins BIGINT NOT NULL,
    wanted_coins BIGINT NOT NULL,
    is_counted BIGINT NOT NULL,
    state BIGINT NOT NULL,
    -- Why it is over, or is to be: 0 it is not, 1 decided, or too many, 2 at its date, 3 there was nothing to hold.
    ended_by BIGINT NOT NULL,
    ends_at_ms BIGINT NOT NULL,
    note TEXT NOT NULL,
    tries BIGINT NOT NULL,
    next_attempt_at_ms BIGINT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    -- The posting that holds coins.
    coins BIGINT NOT NULL,
    attempt BIGINT NOT NULL,
    planned_at_ms BIGINT NOT NULL,
    posting_id TEXT NOT NULL,
    seq BIGINT NOT NULL,
    transfer_no BIGINT NOT NULL,
    -- The posting that ends it: how many coins it takes, the others are released.
    taken_coins BIGINT NOT NULL,
    end_attempt BIGINT NOT NULL,
    end_planned_at_ms BIGINT NOT NULL,
    end_posting_id TEXT NOT NULL,
    PRIMARY KEY (book, purchase_id, hold_no)
);
-- What is to be done; few coins are held.
CREATE INDEX coin_hold_open ON coin_hold (next_attempt_at_ms) WHERE state < 6;
-- What ended without a decision: cases for staff.
CREATE INDEX coin_hold_ended ON coin_hold (created_at_ms) WHERE ended_by = 2;

-- The hold that a step of the refunds takes; 0 without one. And how many of the step's coins that was.
ALTER TABLE refund ADD COLUMN hold_no BIGINT NOT NULL DEFAULT 0;
ALTER TABLE refund ADD COLUMN held_coins BIGINT NOT NULL DEFAULT 0;
-- Refunds that made a viewer owe coins.
CREATE INDEX refund_owed ON refund (book, user_id) WHERE debt_coins > 0;

-- How many of a lot's coins are held in their buyer's wallet: gifts are paid with others.
ALTER TABLE coin_lot ADD COLUMN frozen_coins BIGINT NOT NULL DEFAULT 0;
