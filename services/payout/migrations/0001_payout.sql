-- Bank accounts to pay to. `sealed` holds account and holder; the masked forms are for people.
CREATE TABLE beneficiary (
    book TEXT NOT NULL,
    beneficiary_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    country TEXT NOT NULL,
    currency TEXT NOT NULL,
    rail TEXT NOT NULL,
    masked_account TEXT NOT NULL,
    masked_holder_name TEXT NOT NULL,
    sealed {blob} NOT NULL,
    created_at_ms BIGINT NOT NULL,
    PRIMARY KEY (book, beneficiary_id)
);
CREATE INDEX beneficiary_by_user ON beneficiary (book, user_id, created_at_ms, beneficiary_id);

-- One row per payout; `version` grows with every write, and a write names the version it read.
CREATE TABLE payout (
    book TEXT NOT NULL,
    payout_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    beneficiary_id TEXT NOT NULL,
    request_id TEXT NOT NULL,
    currency TEXT NOT NULL,
    minor_units BIGINT NOT NULL,
    rail TEXT NOT NULL,
    phase TEXT NOT NULL,
    state TEXT NOT NULL,
    version BIGINT NOT NULL,
    due_at_ms BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    sends BIGINT NOT NULL,
    sent_at_ms BIGINT NOT NULL,
    first_sent_at_ms BIGINT NOT NULL,
    seen BIGINT NOT NULL,
    step_key TEXT NOT NULL,
    bank_status TEXT NOT NULL,
    reason_code TEXT NOT NULL,
    reason TEXT NOT NULL,
    hold_posting_id TEXT NOT NULL,
    hold_transfer_no BIGINT NOT NULL,
    submit_posting_id TEXT NOT NULL,
    final_posting_id TEXT NOT NULL,
    bank_time_ms BIGINT NOT NULL,
    traceparent TEXT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    final_at_ms BIGINT NOT NULL,
    PRIMARY KEY (book, payout_id)
);
CREATE INDEX payout_by_user ON payout (book, user_id, created_at_ms, payout_id);
-- The worker's question: what is due? Final ones are never.
CREATE INDEX payout_due ON payout (due_at_ms);

CREATE TABLE payout_step (
    book TEXT NOT NULL,
    payout_id TEXT NOT NULL,
    step_no BIGINT NOT NULL,
    state TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    note TEXT NOT NULL,
    PRIMARY KEY (book, payout_id, step_no)
);

-- Every message to and from a bank, sealed because it names accounts and people.
CREATE TABLE bank_message (
    book TEXT NOT NULL,
    payout_id TEXT NOT NULL,
    message_no BIGINT NOT NULL,
    direction TEXT NOT NULL,
    kind TEXT NOT NULL,
    http_status BIGINT NOT NULL,
    at_ms BIGINT NOT NULL,
    sealed {blob} NOT NULL,
    PRIMARY KEY (book, payout_id, message_no)
);

-- A known text sealed with the key in use, so that a wrong key is noticed at the start and not at the first payout.
CREATE TABLE key_check (
    check_no BIGINT PRIMARY KEY,
    sealed {blob} NOT NULL
);
