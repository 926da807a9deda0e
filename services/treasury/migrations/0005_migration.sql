-- Old bank accounts that move into the structure, and receipts. `book` is the treasury's book at the ledger; days are YYYY-MM-DD, amounts minor units.

-- Each migration file that was applied.
CREATE TABLE import_run (
    book TEXT NOT NULL,
    plan_hash TEXT NOT NULL,
    -- SHA-256 of the file, in hexadecimal digits.
    file_hash TEXT NOT NULL,
    account_count BIGINT NOT NULL,
    applied_at_ms BIGINT NOT NULL,
    applied_by TEXT NOT NULL,
    PRIMARY KEY (book, plan_hash)
);

CREATE TABLE old_account (
    book TEXT NOT NULL,
    account_id TEXT NOT NULL,
    -- The run that imported it.
    plan_hash TEXT NOT NULL,
    account_number TEXT NOT NULL,
    bank TEXT NOT NULL,
    branch TEXT NOT NULL,
    currency TEXT NOT NULL,
    entity TEXT NOT NULL,
    name TEXT NOT NULL,
    funds_class TEXT NOT NULL,
    leaf_id TEXT NOT NULL,
    opening_minor BIGINT NOT NULL,
    statement_id TEXT NOT NULL,
    statement_date TEXT NOT NULL,
    monthly_cost_minor BIGINT NOT NULL,
    cost_source TEXT NOT NULL,
    -- With ; between them.
    mandates TEXT NOT NULL,
    -- `planned`, `open` or `closed`.
    state TEXT NOT NULL,
    -- When the current attempt at its opening was begun: the ledger takes no id that is older than a week.
    begun_at_ms BIGINT NOT NULL,
    imported_date TEXT NOT NULL,
    -- Moves so far: of two that were decided on one balance, the second finds the number changed.
    move_count BIGINT NOT NULL,
    PRIMARY KEY (book, account_id)
);
-- A bank's account is imported once.
CREATE UNIQUE INDEX old_account_number ON old_account (book, branch, currency, account_number);

-- Balances that arrived at the physical account of the leaf: decided before they are posted.
CREATE TABLE old_account_move (
    book TEXT NOT NULL,
    request_id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    amount_minor BIGINT NOT NULL,
    -- The leaf's physical account then, and its legal entity.
    cash_account TEXT NOT NULL,
    cash_entity TEXT NOT NULL,
    -- 1: posted.
    is_booked BIGINT NOT NULL,
    PRIMARY KEY (book, request_id, account_id)
);
CREATE INDEX old_account_move_unbooked ON old_account_move (book, is_booked);

-- What came, decided before it is posted.
CREATE TABLE receipt (
    book TEXT NOT NULL,
    receipt_id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    cash_entity TEXT NOT NULL,
    -- The leaf in the ledger, and its legal entity.
    booked_on TEXT NOT NULL,
    leaf_entity TEXT NOT NULL,
    -- The leaf of the structure.
    leaf_id TEXT NOT NULL,
    allocation TEXT NOT NULL,
    -- The old account whose number was used; empty for none.
    old_account TEXT NOT NULL,
    number TEXT NOT NULL,
    currency TEXT NOT NULL,
    amount_minor BIGINT NOT NULL,
    value_date TEXT NOT NULL,
    -- The last four characters of the payer's reference.
    payer_masked TEXT NOT NULL,
    bank_reference TEXT NOT NULL,
    -- What had announced it; empty: nothing had.
    expected_id TEXT NOT NULL,
    -- 1: posted.
    is_booked BIGINT NOT NULL,
    PRIMARY KEY (book, receipt_id)
);
CREATE INDEX receipt_old_account ON receipt (book, old_account, value_date);

-- What should come.
CREATE TABLE expected_receipt (
    book TEXT NOT NULL,
    expected_id TEXT NOT NULL,
    leaf_id TEXT NOT NULL,
    currency TEXT NOT NULL,
    min_minor BIGINT NOT NULL,
    max_minor BIGINT NOT NULL,
    from_date TEXT NOT NULL,
    until_date TEXT NOT NULL,
    source TEXT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    created_by TEXT NOT NULL,
    -- The receipt that came; empty: none has.
    receipt_id TEXT NOT NULL,
    PRIMARY KEY (book, expected_id)
);
-- For a receipt, which asks for what is still open on its leaf.
CREATE INDEX expected_receipt_open ON expected_receipt (book, leaf_id, receipt_id, until_date);
