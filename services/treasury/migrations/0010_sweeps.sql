-- Money between physical accounts, by rules of the settings.

-- Each sweep is written with its first movement, which sets its money aside. What was posted of it is in `movement`; `state` follows that.
CREATE TABLE sweep (
    book TEXT NOT NULL,
    sweep_id TEXT NOT NULL,
    -- The number of its first movement.
    sweep_no BIGINT NOT NULL,
    -- The key of that movement: a rule and its day, or the sweep that goes back and the day.
    request_key TEXT NOT NULL,
    rule_id TEXT NOT NULL,
    -- YYYY-MM-DD, in the zone of the rule.
    business_day TEXT NOT NULL,
    from_account TEXT NOT NULL,
    from_account_entity TEXT NOT NULL,
    from_leaf TEXT NOT NULL,
    to_account TEXT NOT NULL,
    to_account_entity TEXT NOT NULL,
    to_leaf TEXT NOT NULL,
    -- The legal entity of both leaves.
    entity TEXT NOT NULL,
    currency TEXT NOT NULL,
    minor_units BIGINT NOT NULL,
    -- The day on which it goes back; empty: it stays.
    return_day TEXT NOT NULL,
    -- The sweep that it takes back; empty: none.
    returns_id TEXT NOT NULL,
    -- `planned`, `sent`, `debited`, `credited`, `reversed`, `cancelled` or `refused`.
    state TEXT NOT NULL,
    planned_at_ms BIGINT NOT NULL,
    planned_by TEXT NOT NULL,
    PRIMARY KEY (book, sweep_id)
);
CREATE UNIQUE INDEX sweep_number ON sweep (book, sweep_no);
-- For what is not over, and what goes back.
CREATE INDEX sweep_state ON sweep (book, state, return_day);

-- What is still announced of all leaves, for forecasts.
CREATE INDEX expected_receipt_due ON expected_receipt (book, receipt_id, until_date);
