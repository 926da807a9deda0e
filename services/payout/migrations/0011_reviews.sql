-- What a payout waits for, or waited for: one row for each kind. `hash` is what was seen by whoever decided it.
CREATE TABLE payout_review (
    book TEXT NOT NULL,
    review_id TEXT NOT NULL,
    payout_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    finding TEXT NOT NULL,
    review_hash TEXT NOT NULL DEFAULT '',
    proposed_by TEXT NOT NULL DEFAULT '',
    decided_by TEXT NOT NULL DEFAULT '',
    decided_at_ms BIGINT NOT NULL DEFAULT 0,
    review_reason TEXT NOT NULL DEFAULT '',
    ends_at_ms BIGINT NOT NULL DEFAULT 0,
    created_at_ms BIGINT NOT NULL,
    PRIMARY KEY (book, review_id)
);
CREATE INDEX payout_review_by_payout ON payout_review (book, payout_id);
CREATE INDEX payout_review_by_state ON payout_review (book, state, created_at_ms, review_id);

-- Hits that a person has cleared: of this name, with this entry as it was. `entry_no` 0: the name can't be compared with the list.
CREATE TABLE screening_clearance (
    book TEXT NOT NULL,
    beneficiary_id TEXT NOT NULL,
    list TEXT NOT NULL,
    entry_no BIGINT NOT NULL,
    entry_digest TEXT NOT NULL,
    subject_digest TEXT NOT NULL,
    edition TEXT NOT NULL,
    cleared_by TEXT NOT NULL,
    review_reason TEXT NOT NULL,
    cleared_at_ms BIGINT NOT NULL,
    PRIMARY KEY (book, beneficiary_id, list, entry_no, entry_digest, subject_digest)
);

-- Blocked money, and the licence by which two people let it go.
CREATE TABLE blocked_payout (
    book TEXT NOT NULL,
    payout_id TEXT NOT NULL,
    blocked_at_ms BIGINT NOT NULL,
    report_due TEXT NOT NULL,
    licence_number TEXT NOT NULL DEFAULT '',
    licence_date TEXT NOT NULL DEFAULT '',
    licence_by TEXT NOT NULL DEFAULT '',
    unblocked_by TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (book, payout_id)
);
-- The posting that gave blocked money back.
ALTER TABLE payout ADD COLUMN unblock_posting_id TEXT NOT NULL DEFAULT '';

-- How much is known of a creator; without a row the configured default.
CREATE TABLE creator_tier (
    book TEXT NOT NULL,
    user_id TEXT NOT NULL,
    tier TEXT NOT NULL,
    set_by TEXT NOT NULL,
    set_at_ms BIGINT NOT NULL,
    PRIMARY KEY (book, user_id)
);

-- Thresholds of approval that people proposed; the one approved last is in force.
CREATE TABLE payout_policy (
    book TEXT NOT NULL,
    threshold_id TEXT NOT NULL,
    currency TEXT NOT NULL,
    minor_units BIGINT NOT NULL,
    proposed_by TEXT NOT NULL,
    proposed_at_ms BIGINT NOT NULL,
    approved_by TEXT NOT NULL DEFAULT '',
    approved_at_ms BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (book, threshold_id)
);

-- How far every beneficiary was screened with an edition: after this one; `done_at_ms` 0: not all yet.
CREATE TABLE screened_list (
    list TEXT PRIMARY KEY,
    edition TEXT NOT NULL,
    after_book TEXT NOT NULL,
    after_id TEXT NOT NULL,
    done_at_ms BIGINT NOT NULL
);
