-- Statements that were issued. Their entries are the treasury book's, which never change either: a statement has what the book took after the position of the
-- one before and up to its own.

-- The leaves of a statement, each set once. Later changes of the structure don't change it.
CREATE TABLE statement_members (
    book TEXT NOT NULL,
    -- SHA-256 of the text, in hexadecimal digits.
    members_hash TEXT NOT NULL,
    -- `<entity>/<leaf>` in the order of the leaves, with line feeds between them.
    members TEXT NOT NULL,
    PRIMARY KEY (book, members_hash)
);

-- The number is the fence: of two processes that issue the next statement, the second finds its number taken.
CREATE TABLE statement (
    book TEXT NOT NULL,
    node_id TEXT NOT NULL,
    -- From 1, without holes.
    number BIGINT NOT NULL,
    -- `physical`, `summary` or `leaf`.
    kind TEXT NOT NULL,
    -- YYYY-MM-DD. Every day from the first has one.
    day TEXT NOT NULL,
    account_number TEXT NOT NULL,
    name TEXT NOT NULL,
    entity TEXT NOT NULL,
    bank TEXT NOT NULL,
    branch TEXT NOT NULL,
    currency TEXT NOT NULL,
    opening_minor_units BIGINT NOT NULL,
    closing_minor_units BIGINT NOT NULL,
    credit_count BIGINT NOT NULL,
    credit_minor_units BIGINT NOT NULL,
    debit_count BIGINT NOT NULL,
    debit_minor_units BIGINT NOT NULL,
    -- Sequence number of the last event of the book that it includes.
    position BIGINT NOT NULL,
    members_hash TEXT NOT NULL,
    -- SHA-256 of its content, in hexadecimal digits.
    content_hash TEXT NOT NULL,
    issued_at_ms BIGINT NOT NULL,
    PRIMARY KEY (book, node_id, number),
    UNIQUE (book, node_id, day)
);
