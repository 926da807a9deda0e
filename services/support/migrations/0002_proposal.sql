-- What one member of staff wants done and another has to approve. state: 1 open, 2 approved, 3 done, 4 rejected, 5 refused by the ledger; open ones
-- are expired from expire_at_ms on. number: order of arrival within the book, for pages.
CREATE TABLE proposal (
    book TEXT NOT NULL,
    proposal_id TEXT NOT NULL,
    number BIGINT NOT NULL,
    state BIGINT NOT NULL,
    act {blob} NOT NULL,
    proposed_by TEXT NOT NULL,
    proposal_reason TEXT NOT NULL,
    proposed_at_ms BIGINT NOT NULL,
    expire_at_ms BIGINT NOT NULL,
    decided_by TEXT NOT NULL,
    decision_reason TEXT NOT NULL,
    decided_at_ms BIGINT NOT NULL,
    result TEXT NOT NULL,
    PRIMARY KEY (book, proposal_id),
    UNIQUE (book, number)
);
-- Approved and not done yet: what a crash left.
CREATE INDEX proposal_by_state ON proposal (state, decided_at_ms);
