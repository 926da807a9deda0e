-- Movements of money that treasury itself decides: moves between leaves, interest, allocations. Each is recorded before it is posted.

-- A decided posting. The number is the fence: of two decisions that were made on the same balances, the second finds its number taken and decides again.
CREATE TABLE movement (
    book TEXT NOT NULL,
    movement_no BIGINT NOT NULL,
    -- What asked for it: the same key asks for the same again. A request of many postings has as many parts, from 0.
    request_key TEXT NOT NULL,
    part BIGINT NOT NULL,
    -- The kind of posting.
    kind TEXT NOT NULL,
    -- What was asked for, as JSON, with which a retry is compared.
    asked TEXT NOT NULL,
    -- The request id of the posting.
    posting_key TEXT NOT NULL,
    decided_at_ms BIGINT NOT NULL,
    decided_by TEXT NOT NULL,
    -- When it counts from.
    effective_at_ms BIGINT NOT NULL,
    -- `decided`, `posted` or `refused`.
    state TEXT NOT NULL,
    -- How the amounts came about, as JSON; of the first part only.
    calculation TEXT NOT NULL,
    PRIMARY KEY (book, movement_no)
);
CREATE UNIQUE INDEX movement_request ON movement (book, request_key, part);
-- For what a crash left to be posted.
CREATE INDEX movement_open ON movement (book, state, movement_no);
-- For the lists of one kind.
CREATE INDEX movement_kind ON movement (book, kind, movement_no);

-- The transfers of a movement, in the order in which they are posted.
CREATE TABLE movement_transfer (
    book TEXT NOT NULL,
    movement_no BIGINT NOT NULL,
    transfer_no BIGINT NOT NULL,
    debit_account TEXT NOT NULL,
    credit_account TEXT NOT NULL,
    currency TEXT NOT NULL,
    minor_units BIGINT NOT NULL,
    PRIMARY KEY (book, movement_no, transfer_no)
);
