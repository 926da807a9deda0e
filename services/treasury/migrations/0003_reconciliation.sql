-- Reconciliation: what banks sent, what should happen, what was matched, what has to be explained, and which days are closed. Amounts are in minor units.

-- Files of banks, by the SHA-256 of their bytes.
CREATE TABLE bank_file (
    book TEXT NOT NULL,
    file_hash TEXT NOT NULL,
    size_bytes BIGINT NOT NULL,
    -- The order in which files were complete; 0: parts are missing.
    file_no BIGINT NOT NULL,
    format TEXT NOT NULL,
    -- `receiving`, `taken`, or `left_out`: a person found that it is wrong.
    state TEXT NOT NULL,
    begun_at_ms BIGINT NOT NULL,
    imported_by TEXT NOT NULL,
    PRIMARY KEY (book, file_hash)
);

CREATE TABLE bank_file_part (
    book TEXT NOT NULL,
    file_hash TEXT NOT NULL,
    offset_bytes BIGINT NOT NULL,
    part {blob} NOT NULL,
    PRIMARY KEY (book, file_hash, offset_bytes)
);

CREATE TABLE bank_statement (
    book TEXT NOT NULL,
    file_hash TEXT NOT NULL,
    statement_no BIGINT NOT NULL,
    -- The physical account, also where the statement is of one of its virtual accounts.
    account_id TEXT NOT NULL,
    account_number TEXT NOT NULL,
    currency TEXT NOT NULL,
    -- YYYY-MM-DD; empty: it closes no day.
    day TEXT NOT NULL,
    entry_count BIGINT NOT NULL,
    -- 1: its day was closed with it.
    frozen BIGINT NOT NULL,
    PRIMARY KEY (book, file_hash, statement_no)
);
CREATE INDEX bank_statement_open ON bank_statement (book, account_id, frozen, day);

-- A row for each account with statements. The version is the fence: of two calls that reconcile an account at once, the second begins again.
CREATE TABLE account_series (
    book TEXT NOT NULL,
    account_id TEXT NOT NULL,
    version BIGINT NOT NULL,
    -- The last closed day; empty: none is.
    closed_through TEXT NOT NULL,
    PRIMARY KEY (book, account_id)
);

-- What should happen once. Whoever announces an item says what its own books know; the last five columns are ours.
CREATE TABLE expected_item (
    book TEXT NOT NULL,
    item_key TEXT NOT NULL,
    account_id TEXT NOT NULL,
    direction TEXT NOT NULL,
    amount BIGINT NOT NULL,
    amount_most BIGINT NOT NULL,
    kind TEXT NOT NULL,
    books_state TEXT NOT NULL,
    end_to_end_id TEXT NOT NULL,
    short_reference TEXT NOT NULL,
    -- With line feeds between them.
    payment_ids TEXT NOT NULL,
    trace TEXT NOT NULL,
    since_date TEXT NOT NULL,
    final_date TEXT NOT NULL,
    value_date TEXT NOT NULL,
    settlement TEXT NOT NULL,
    descriptor_text TEXT NOT NULL,
    returned_in_books BIGINT NOT NULL,
    announced_at_ms BIGINT NOT NULL,
    -- How it was when the day of its entry was closed: `settled`, or `case`; empty: not yet.
    closed_as TEXT NOT NULL,
    closed_day TEXT NOT NULL,
    -- 1: the books had it then.
    closed_in_books BIGINT NOT NULL,
    closed_returned BIGINT NOT NULL,
    closed_duplicates BIGINT NOT NULL,
    PRIMARY KEY (book, item_key)
);
CREATE INDEX expected_item_open ON expected_item (book, account_id, closed_day);

-- Booked entries and what each turned out to be. Those of open days are written anew whenever the account is reconciled.
CREATE TABLE bank_entry (
    book TEXT NOT NULL,
    account_id TEXT NOT NULL,
    -- Digest of account, statement and entry: 32 hexadecimal digits.
    entry_key TEXT NOT NULL,
    day TEXT NOT NULL,
    file_hash TEXT NOT NULL,
    statement_no BIGINT NOT NULL,
    entry_no BIGINT NOT NULL,
    detail_no BIGINT NOT NULL,
    direction TEXT NOT NULL,
    amount BIGINT NOT NULL,
    -- What the bank calls it; empty: nothing.
    bank_reference TEXT NOT NULL,
    reference_part BIGINT NOT NULL,
    end_to_end_id TEXT NOT NULL,
    -- `settles`, `undoes_duplicate` or `case`.
    result TEXT NOT NULL,
    -- Number of the rule; 0: none.
    rule BIGINT NOT NULL,
    -- JSON: fields and what they say.
    evidence TEXT NOT NULL,
    -- Keys with line feeds between them.
    items TEXT NOT NULL,
    -- Empty: its day is open.
    closed_day TEXT NOT NULL,
    PRIMARY KEY (book, account_id, entry_key)
);
CREATE INDEX bank_entry_closed ON bank_entry (book, account_id, closed_day);

-- What the treasury book has of an entry that nobody ordered. A higher generation takes the one before back.
CREATE TABLE entry_booking (
    book TEXT NOT NULL,
    account_id TEXT NOT NULL,
    entry_key TEXT NOT NULL,
    generation BIGINT NOT NULL,
    -- `cash`, or a standard leaf; empty: it is booked as nothing any more.
    debit TEXT NOT NULL,
    credit TEXT NOT NULL,
    amount BIGINT NOT NULL,
    planned_at_ms BIGINT NOT NULL,
    -- 0: not posted yet.
    posted_at_ms BIGINT NOT NULL,
    PRIMARY KEY (book, account_id, entry_key, generation)
);

CREATE TABLE bank_case (
    book TEXT NOT NULL,
    case_id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    class TEXT NOT NULL,
    currency TEXT NOT NULL,
    amount BIGINT NOT NULL,
    -- As of the last time that the account was reconciled, without bookings and adjustments.
    difference BIGINT NOT NULL,
    -- Keys of its entries and of its items, each with line feeds between them.
    entry_keys TEXT NOT NULL,
    items TEXT NOT NULL,
    -- The file that it is about as a whole; empty: none.
    file_hash TEXT NOT NULL,
    since_date TEXT NOT NULL,
    detail TEXT NOT NULL,
    rule BIGINT NOT NULL,
    evidence TEXT NOT NULL,
    postings TEXT NOT NULL,
    proposed_item TEXT NOT NULL,
    -- `open`, `explained` or `resolved`.
    state TEXT NOT NULL,
    -- `noted`, `explained`, `matched`, `adjusted` or `written_off`; empty: open.
    resolution TEXT NOT NULL,
    assignee TEXT NOT NULL,
    explanation TEXT NOT NULL,
    explained_by TEXT NOT NULL,
    found_at_ms BIGINT NOT NULL,
    -- Empty: the day of its entries is open, or it has none.
    closed_day TEXT NOT NULL,
    PRIMARY KEY (book, case_id)
);
CREATE INDEX bank_case_account ON bank_case (book, account_id, state);

CREATE TABLE case_adjustment (
    book TEXT NOT NULL,
    adjustment_id TEXT NOT NULL,
    case_id TEXT NOT NULL,
    -- `adjustment` or `write_off`.
    kind TEXT NOT NULL,
    -- JSON: debited and credited leaf, amount.
    transfers TEXT NOT NULL,
    -- What it adds to the money at the bank.
    cash_effect BIGINT NOT NULL,
    reason TEXT NOT NULL,
    proposed_by TEXT NOT NULL,
    proposed_at_ms BIGINT NOT NULL,
    -- `proposed`, `replaced`, `approved` or `posted`.
    state TEXT NOT NULL,
    approved_by TEXT NOT NULL,
    approval_reason TEXT NOT NULL,
    approved_at_ms BIGINT NOT NULL,
    PRIMARY KEY (book, adjustment_id)
);
CREATE INDEX case_adjustment_case ON case_adjustment (book, case_id);

-- Never changed.
CREATE TABLE closed_day (
    book TEXT NOT NULL,
    account_id TEXT NOT NULL,
    day TEXT NOT NULL,
    opening BIGINT NOT NULL,
    closing BIGINT NOT NULL,
    books BIGINT NOT NULL,
    entry_count BIGINT NOT NULL,
    -- JSON: the named differences.
    timing TEXT NOT NULL,
    closed_by TEXT NOT NULL,
    closed_at_ms BIGINT NOT NULL,
    PRIMARY KEY (book, account_id, day)
);
