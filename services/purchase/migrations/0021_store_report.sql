-- Reports in which stores say what they sold, kept and pay for us, by the hash of their bytes. `state`: 1 parts are missing, 2 it counts, 3 a later report of the same
-- account, period and part counts instead.
CREATE TABLE store_report (
    book TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    store TEXT NOT NULL,
    -- Our account at the store, as in the configuration.
    account TEXT NOT NULL,
    period TEXT NOT NULL,
    -- Which of the period's reports it is, such as a region; empty where a period has one.
    part TEXT NOT NULL,
    format TEXT NOT NULL,
    size_bytes BIGINT NOT NULL,
    state BIGINT NOT NULL,
    first_day TEXT NOT NULL,
    last_day TEXT NOT NULL,
    line_count BIGINT NOT NULL,
    imported_by TEXT NOT NULL,
    begun_at_ms BIGINT NOT NULL,
    imported_at_ms BIGINT NOT NULL,
    PRIMARY KEY (book, sha256)
);
-- What counts of a period.
CREATE INDEX store_report_period ON store_report (book, store, account, period) WHERE state = 2;
-- The bytes of a report until all are there. They are not kept after that: they say more of buyers than is needed.
CREATE TABLE store_report_part (
    book TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    offset_bytes BIGINT NOT NULL,
    part {blob} NOT NULL,
    PRIMARY KEY (book, sha256, offset_bytes)
);
-- The lines of a report that count, as exact decimals.
CREATE TABLE store_report_line (
    book TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    entry_no BIGINT NOT NULL,
    line_no BIGINT NOT NULL,
    kind TEXT NOT NULL,
    transaction_id TEXT NOT NULL,
    product_id TEXT NOT NULL,
    market TEXT NOT NULL,
    quantity BIGINT NOT NULL,
    currency TEXT NOT NULL,
    amount TEXT NOT NULL,
    proceeds_currency TEXT NOT NULL,
    proceeds TEXT NOT NULL,
    happened_on TEXT NOT NULL,
    PRIMARY KEY (book, sha256, entry_no)
);
-- What the store says in a report that it pays. `standing`: 1 on its way, 2 paid, 3 failed.
CREATE TABLE store_report_payout (
    book TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    payout_no BIGINT NOT NULL,
    currency TEXT NOT NULL,
    amount TEXT NOT NULL,
    proceeds_currency TEXT NOT NULL,
    proceeds TEXT NOT NULL,
    -- Empty where none is stated.
    rate TEXT NOT NULL,
    standing BIGINT NOT NULL,
    arrives_on TEXT NOT NULL,
    PRIMARY KEY (book, sha256, payout_no)
);
