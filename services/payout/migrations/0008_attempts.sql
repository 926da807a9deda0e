-- Which bank, account and rail pay, under which ids: of the attempt in progress. Empty where an older program made the payout: then by the one bank there was.
ALTER TABLE payout ADD COLUMN attempt_no BIGINT NOT NULL DEFAULT 1;
ALTER TABLE payout ADD COLUMN bank TEXT NOT NULL DEFAULT '';
ALTER TABLE payout ADD COLUMN entity TEXT NOT NULL DEFAULT '';
ALTER TABLE payout ADD COLUMN bank_account TEXT NOT NULL DEFAULT '';
ALTER TABLE payout ADD COLUMN reference TEXT NOT NULL DEFAULT '';
ALTER TABLE payout ADD COLUMN cost_minor_units BIGINT NOT NULL DEFAULT 0;
ALTER TABLE payout ADD COLUMN starts_at_ms BIGINT NOT NULL DEFAULT 0;
ALTER TABLE payout ADD COLUMN expected_at_ms BIGINT NOT NULL DEFAULT 0;
ALTER TABLE payout ADD COLUMN rails_tried TEXT NOT NULL DEFAULT '';
ALTER TABLE payout ADD COLUMN bearer TEXT NOT NULL DEFAULT 'house';
ALTER TABLE payout ADD COLUMN reviewed BIGINT NOT NULL DEFAULT 0;
ALTER TABLE payout ADD COLUMN returned_minor_units BIGINT NOT NULL DEFAULT 0;
ALTER TABLE payout ADD COLUMN returnable_until_ms BIGINT NOT NULL DEFAULT 0;

-- Every attempt, with how it ended; the last one is repeated in its payout's row while it is in progress. A statement names an attempt by its id.
CREATE TABLE payout_attempt (
    book TEXT NOT NULL,
    payout_id TEXT NOT NULL,
    attempt_no BIGINT NOT NULL,
    rail TEXT NOT NULL,
    bank TEXT NOT NULL,
    entity TEXT NOT NULL,
    bank_account TEXT NOT NULL,
    end_to_end_id TEXT NOT NULL,
    reference TEXT NOT NULL,
    cost_minor_units BIGINT NOT NULL,
    sends BIGINT NOT NULL DEFAULT 0,
    sendings TEXT NOT NULL DEFAULT '',
    bank_status TEXT NOT NULL DEFAULT '',
    reason_code TEXT NOT NULL DEFAULT '',
    reason TEXT NOT NULL DEFAULT '',
    begun_at_ms BIGINT NOT NULL,
    ended_at_ms BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (book, payout_id, attempt_no)
);
CREATE INDEX payout_attempt_by_id ON payout_attempt (end_to_end_id);

-- The next short reference of each account that pays. It only grows, so no reference is used twice.
CREATE TABLE reference_counter (
    bank TEXT NOT NULL,
    bank_account TEXT NOT NULL,
    next_no BIGINT NOT NULL,
    PRIMARY KEY (bank, bank_account)
);

-- When the statement of each of our accounts was last read.
CREATE TABLE account_statement (
    bank TEXT NOT NULL,
    bank_account TEXT NOT NULL,
    currency TEXT NOT NULL,
    statement_id TEXT NOT NULL,
    read_at_ms BIGINT NOT NULL,
    PRIMARY KEY (bank, bank_account, currency)
);
