-- Payouts of unknown outcome that people end, on evidence: what the first of two found, and who agreed. Open while `decided_at_ms` is 0.
CREATE TABLE payout_resolution (
    book TEXT NOT NULL,
    payout_id TEXT NOT NULL,
    outcome TEXT NOT NULL,
    evidence TEXT NOT NULL,
    proposed_by TEXT NOT NULL,
    proposed_at_ms BIGINT NOT NULL,
    confirmation TEXT NOT NULL DEFAULT '',
    decided_by TEXT NOT NULL DEFAULT '',
    decided_at_ms BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (book, payout_id)
);

-- Debits that a statement shows for payouts of which our records do not say yet that they are paid: they were executed, whatever else is said.
CREATE TABLE booked_debit (
    book TEXT NOT NULL,
    payout_id TEXT NOT NULL,
    currency TEXT NOT NULL,
    minor_units BIGINT NOT NULL,
    statement_id TEXT NOT NULL,
    found_at_ms BIGINT NOT NULL,
    PRIMARY KEY (book, payout_id)
);
