-- The structure of physical and virtual accounts, every change of it with its day. `book` is the treasury's book at the ledger.

-- Each change of the structure: its plan, its day, and when and by whom it was made. The number is the fence: of two changes that were planned on one
-- revision, the second finds its number taken.
CREATE TABLE structure_revision (
    book TEXT NOT NULL,
    revision BIGINT NOT NULL,
    plan_hash TEXT NOT NULL,
    -- SHA-256 of the file, in hexadecimal digits.
    file_hash TEXT NOT NULL,
    change_count BIGINT NOT NULL,
    -- YYYY-MM-DD, as all days here.
    effective_date TEXT NOT NULL,
    applied_at_ms BIGINT NOT NULL,
    applied_by TEXT NOT NULL,
    PRIMARY KEY (book, revision)
);
-- For a retry, which finds its plan applied.
CREATE INDEX structure_revision_plan ON structure_revision (book, plan_hash);

CREATE TABLE physical_account (
    book TEXT NOT NULL,
    account_id TEXT NOT NULL,
    name TEXT NOT NULL,
    bank TEXT NOT NULL,
    branch TEXT NOT NULL,
    currency TEXT NOT NULL,
    entity TEXT NOT NULL,
    account_number TEXT NOT NULL,
    number_root TEXT NOT NULL,
    -- 1: for clients' money only.
    client_money BIGINT NOT NULL,
    -- The first day of its tree.
    added_date TEXT NOT NULL,
    PRIMARY KEY (book, account_id)
);

-- Summary nodes and leaves. Their parents and states are below, by day.
CREATE TABLE node (
    book TEXT NOT NULL,
    node_id TEXT NOT NULL,
    name TEXT NOT NULL,
    entity TEXT NOT NULL,
    level TEXT NOT NULL,
    -- `summary` or `leaf`.
    kind TEXT NOT NULL,
    -- Empty: a summary node over leaves of any class.
    funds_class TEXT NOT NULL,
    -- Words with commas between them.
    uses TEXT NOT NULL,
    -- Empty: none of the standard leaves.
    standard TEXT NOT NULL,
    PRIMARY KEY (book, node_id)
);

-- The parent of a node from a day on. Of two moves on one day the later stays.
CREATE TABLE node_parent (
    book TEXT NOT NULL,
    node_id TEXT NOT NULL,
    from_date TEXT NOT NULL,
    parent_id TEXT NOT NULL,
    PRIMARY KEY (book, node_id, from_date)
);

-- The state of a leaf from a day on.
CREATE TABLE leaf_state (
    book TEXT NOT NULL,
    node_id TEXT NOT NULL,
    from_date TEXT NOT NULL,
    state TEXT NOT NULL,
    PRIMARY KEY (book, node_id, from_date)
);

-- Numbers of leaves, for ever.
CREATE TABLE virtual_number (
    book TEXT NOT NULL,
    number TEXT NOT NULL,
    node_id TEXT NOT NULL,
    form TEXT NOT NULL,
    -- Who uses a virtual IBAN; empty for others.
    holder TEXT NOT NULL,
    from_date TEXT NOT NULL,
    -- The last day; empty: still in use.
    until_date TEXT NOT NULL,
    PRIMARY KEY (book, number)
);
