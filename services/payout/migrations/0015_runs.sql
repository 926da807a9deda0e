-- Runs of payouts: created by one person, checked as a whole, approved by another, and then requested line by line.
CREATE TABLE payout_run (
    book TEXT NOT NULL,
    run_id TEXT NOT NULL,
    request_id TEXT NOT NULL,
    created_by TEXT NOT NULL,
    state TEXT NOT NULL,
    -- Of a run of all creators above a threshold; empty and 0 for one of lines.
    above_currency TEXT NOT NULL,
    above_minor_units BIGINT NOT NULL,
    -- The last user whose beneficiaries were collected, and whether all were.
    collected_to TEXT NOT NULL DEFAULT '',
    collected BIGINT NOT NULL DEFAULT 0,
    line_count BIGINT NOT NULL DEFAULT 0,
    checked_count BIGINT NOT NULL DEFAULT 0,
    fault_count BIGINT NOT NULL DEFAULT 0,
    -- Why the run as a whole is refused; empty: it is not, or because of its lines.
    problem TEXT NOT NULL DEFAULT '',
    -- SHA-256 over the lines checked so far, in hexadecimal digits.
    lines_hash TEXT NOT NULL DEFAULT '',
    approved_by TEXT NOT NULL DEFAULT '',
    approved_at_ms BIGINT NOT NULL DEFAULT 0,
    created_at_ms BIGINT NOT NULL,
    ended_at_ms BIGINT NOT NULL DEFAULT 0,
    version BIGINT NOT NULL DEFAULT 1,
    PRIMARY KEY (book, run_id)
);
-- The runs that have something to do.
CREATE INDEX payout_run_active ON payout_run (created_at_ms) WHERE state IN ('checking', 'running');

-- The lines, as they were sent, and what became of each. `starting`: a process is requesting its payout, since `claimed_at_ms`.
CREATE TABLE payout_run_item (
    book TEXT NOT NULL,
    run_id TEXT NOT NULL,
    line_no BIGINT NOT NULL,
    user_id TEXT NOT NULL,
    beneficiary_id TEXT NOT NULL,
    currency TEXT NOT NULL,
    minor_units BIGINT NOT NULL,
    state TEXT NOT NULL,
    claimed_at_ms BIGINT NOT NULL DEFAULT 0,
    payout_id TEXT NOT NULL DEFAULT '',
    reason TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (book, run_id, line_no)
);
-- For lines that pay one beneficiary twice, and for one user's lines together.
CREATE INDEX payout_run_item_payee ON payout_run_item (book, run_id, user_id, beneficiary_id, line_no);
-- The next lines to request.
CREATE INDEX payout_run_item_next ON payout_run_item (book, run_id, line_no) WHERE state IN ('pending', 'starting');
-- The bad ones.
CREATE INDEX payout_run_item_faults ON payout_run_item (book, run_id, line_no) WHERE reason <> '';

-- One standing order of each user in a currency. A moment of it (below) is stored before its payout is requested.
CREATE TABLE standing_order (
    book TEXT NOT NULL,
    user_id TEXT NOT NULL,
    currency TEXT NOT NULL,
    order_id TEXT NOT NULL,
    beneficiary_id TEXT NOT NULL,
    -- `fixed` or `above`, and the amount.
    amount_kind TEXT NOT NULL,
    minor_units BIGINT NOT NULL,
    rhythm TEXT NOT NULL,
    time_of_day TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    next_due_ms BIGINT NOT NULL,
    PRIMARY KEY (book, user_id, currency)
);
CREATE INDEX standing_order_due ON standing_order (next_due_ms);

-- What became of an order at each of its moments.
CREATE TABLE standing_moment (
    book TEXT NOT NULL,
    order_id TEXT NOT NULL,
    moment_ms BIGINT NOT NULL,
    asked_at_ms BIGINT NOT NULL,
    minor_units BIGINT NOT NULL,
    state TEXT NOT NULL,
    payout_id TEXT NOT NULL DEFAULT '',
    reason TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (book, order_id, moment_ms)
);
