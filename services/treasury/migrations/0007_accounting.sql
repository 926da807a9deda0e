-- Accounting days of any book: sums of its events by day, and the days that are closed. `book` is the book's name at the ledger.

-- How far a book's journal was read: the last event, and its commit with its hash, after which reading goes on. `closes` grows with every close, so that sums
-- which were made before a close are not added after it.
CREATE TABLE accounting_book (
    book TEXT NOT NULL,
    seq BIGINT NOT NULL,
    commit_no BIGINT NOT NULL,
    commit_hash TEXT NOT NULL,
    closes BIGINT NOT NULL,
    PRIMARY KEY (book)
);

-- Sums of an accounting day. Those of a closed day never change.
CREATE TABLE accounting_line (
    book TEXT NOT NULL,
    entity TEXT NOT NULL,
    -- YYYY-MM-DD, as all days here.
    accounting_date TEXT NOT NULL,
    -- The ledger account as the trial balance names it, or `between/<entity>/<currency>`.
    account TEXT NOT NULL,
    unit TEXT NOT NULL,
    kind TEXT NOT NULL,
    -- The day of the events themselves.
    event_date TEXT NOT NULL,
    debits BIGINT NOT NULL,
    credits BIGINT NOT NULL,
    entries BIGINT NOT NULL,
    PRIMARY KEY (book, entity, accounting_date, account, unit, kind, event_date)
);

-- Closed periods of an entity. Nothing removes one.
CREATE TABLE accounting_period (
    book TEXT NOT NULL,
    entity TEXT NOT NULL,
    period_no BIGINT NOT NULL,
    first_date TEXT NOT NULL,
    last_date TEXT NOT NULL,
    -- The last event that entered the book before the close.
    seq BIGINT NOT NULL,
    -- SHA-256 of the balances at the period's end, in hexadecimal digits.
    balances_hash TEXT NOT NULL,
    closed_at_ms BIGINT NOT NULL,
    closed_by TEXT NOT NULL,
    close_reason TEXT NOT NULL,
    PRIMARY KEY (book, entity, period_no)
);

-- What every account had at the end of a closed period: the opening balances of the next.
CREATE TABLE accounting_balance (
    book TEXT NOT NULL,
    entity TEXT NOT NULL,
    period_no BIGINT NOT NULL,
    account TEXT NOT NULL,
    unit TEXT NOT NULL,
    debits BIGINT NOT NULL,
    credits BIGINT NOT NULL,
    PRIMARY KEY (book, entity, period_no, account, unit)
);
