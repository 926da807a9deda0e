-- Money of paid payouts that came back, one row for each booking of the bank, or announced booking. `book` and `payout_id` are empty where it names no payment
-- of ours. The id follows from the bank's reference, so a statement that is read again finds its row.
CREATE TABLE payout_return (
    return_id TEXT PRIMARY KEY,
    book TEXT NOT NULL,
    payout_id TEXT NOT NULL,
    attempt_no BIGINT NOT NULL,
    bank TEXT NOT NULL,
    bank_account TEXT NOT NULL,
    bank_reference TEXT NOT NULL,
    end_to_end_id TEXT NOT NULL,
    currency TEXT NOT NULL,
    minor_units BIGINT NOT NULL,
    charge_minor_units BIGINT NOT NULL,
    charge_borne_minor_units BIGINT NOT NULL,
    code TEXT NOT NULL,
    value_date TEXT NOT NULL,
    booked_at_ms BIGINT NOT NULL,
    found_at_ms BIGINT NOT NULL,
    state TEXT NOT NULL,
    why TEXT NOT NULL,
    suspended BIGINT NOT NULL,
    step_key TEXT NOT NULL,
    posting_id TEXT NOT NULL,
    tries BIGINT NOT NULL,
    due_at_ms BIGINT NOT NULL,
    version BIGINT NOT NULL
);
CREATE INDEX payout_return_by_payout ON payout_return (book, payout_id);
CREATE INDEX payout_return_by_time ON payout_return (book, found_at_ms, return_id);
CREATE INDEX payout_return_due ON payout_return (due_at_ms);
-- A recall's answer names the payment that brings the money back.
CREATE INDEX payout_return_by_end_to_end_id ON payout_return (end_to_end_id);

-- Requests to banks for the money of paid payouts.
CREATE TABLE payout_recall (
    recall_id TEXT PRIMARY KEY,
    book TEXT NOT NULL,
    payout_id TEXT NOT NULL,
    bank TEXT NOT NULL,
    end_to_end_id TEXT NOT NULL,
    message_id TEXT NOT NULL,
    requested_by TEXT NOT NULL,
    code TEXT NOT NULL,
    state TEXT NOT NULL,
    answer_code TEXT NOT NULL,
    note TEXT NOT NULL,
    repaid_by TEXT NOT NULL,
    sends BIGINT NOT NULL,
    tries BIGINT NOT NULL,
    due_at_ms BIGINT NOT NULL,
    expires_at_ms BIGINT NOT NULL,
    requested_at_ms BIGINT NOT NULL,
    ended_at_ms BIGINT NOT NULL,
    version BIGINT NOT NULL
);
CREATE INDEX payout_recall_by_payout ON payout_recall (book, payout_id);
CREATE INDEX payout_recall_due ON payout_recall (due_at_ms);
CREATE INDEX payout_recall_by_repayment ON payout_recall (repaid_by);

-- Callbacks of banks, once for each content. The content is kept, sealed, until it was read; where it can't be read, for people.
CREATE TABLE bank_inbox (
    bank TEXT NOT NULL,
    digest TEXT NOT NULL,
    state TEXT NOT NULL,
    note TEXT NOT NULL,
    times BIGINT NOT NULL,
    tries BIGINT NOT NULL,
    received_at_ms BIGINT NOT NULL,
    last_at_ms BIGINT NOT NULL,
    due_at_ms BIGINT NOT NULL,
    sealed {blob} NOT NULL,
    PRIMARY KEY (bank, digest)
);
CREATE INDEX bank_inbox_due ON bank_inbox (due_at_ms);
