-- When a bank's statement of an account of ours was last read. Accounts are named by what they pay in.
CREATE TABLE statement_read (
    currency TEXT PRIMARY KEY,
    statement_id TEXT NOT NULL,
    read_at_ms BIGINT NOT NULL
);

-- Debits that a bank's statement shows for a payout and that we believe were not made: the book is red while one of them is not cleared, which a credit of the
-- same amount for the same payout does.
CREATE TABLE unexpected_debit (
    book TEXT NOT NULL,
    payout_id TEXT NOT NULL,
    currency TEXT NOT NULL,
    minor_units BIGINT NOT NULL,
    booked_at_ms BIGINT NOT NULL,
    statement_id TEXT NOT NULL,
    found_at_ms BIGINT NOT NULL,
    cleared_at_ms BIGINT NOT NULL,
    PRIMARY KEY (book, payout_id)
);
-- A statement knows no book, only the payout's id.
CREATE INDEX payout_by_id ON payout (payout_id);
