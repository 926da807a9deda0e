-- Booked debits of whole messages that the bank does not take apart and that are not the sum of the message's payments, each found once. `message_ids`: what the bank
-- names with it, separated by a space. States: open; explained: by a later statement; resolved: by what two people found, whose words follow.
CREATE TABLE unexplained_debit (
    debit_id TEXT PRIMARY KEY,
    bank TEXT NOT NULL,
    bank_account TEXT NOT NULL,
    currency TEXT NOT NULL,
    minor_units BIGINT NOT NULL,
    bank_reference TEXT NOT NULL,
    message_ids TEXT NOT NULL,
    statement_id TEXT NOT NULL,
    booked_at_ms BIGINT NOT NULL,
    found_at_ms BIGINT NOT NULL,
    candidates BIGINT NOT NULL,
    state TEXT NOT NULL,
    ended_at_ms BIGINT NOT NULL DEFAULT 0,
    outcome TEXT NOT NULL DEFAULT '',
    evidence TEXT NOT NULL DEFAULT '',
    proposed_by TEXT NOT NULL DEFAULT '',
    confirmation TEXT NOT NULL DEFAULT '',
    decided_by TEXT NOT NULL DEFAULT ''
);
CREATE INDEX unexplained_debit_open ON unexplained_debit (bank, bank_account, currency, state);
CREATE INDEX unexplained_debit_found ON unexplained_debit (found_at_ms, debit_id);

-- The payouts that were sent in its message.
CREATE TABLE unexplained_debit_payout (
    debit_id TEXT NOT NULL,
    book TEXT NOT NULL,
    payout_id TEXT NOT NULL,
    PRIMARY KEY (debit_id, book, payout_id)
);
CREATE INDEX unexplained_debit_payout_of ON unexplained_debit_payout (book, payout_id);
