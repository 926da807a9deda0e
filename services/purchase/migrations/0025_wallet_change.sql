-- Wallets that are closed, or merged into another. `kind`: 1 closed, 2 merged into the wallet of `into_user_id`. `state`: 1 waits for a second person, 2 approved (its
-- refunds are started, and what it posts is planned), 3 a posting is to be made, 4 the wallet is empty and to be closed, 5 done, 6 rejected, 7 stopped.
CREATE TABLE wallet_change (
    book TEXT NOT NULL,
    change_id TEXT NOT NULL,
    kind BIGINT NOT NULL,
    user_id TEXT NOT NULL,
    into_user_id TEXT NOT NULL,
    -- The member of staff who asked.
    asked_by TEXT NOT NULL,
    request_id TEXT NOT NULL,
    state BIGINT NOT NULL,
    -- The second person, where one decided.
    decided_by TEXT NOT NULL,
    -- Why it waits or was stopped.
    note TEXT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    decided_at_ms BIGINT NOT NULL,
    ended_at_ms BIGINT NOT NULL,
    tries BIGINT NOT NULL,
    next_attempt_at_ms BIGINT NOT NULL,
    PRIMARY KEY (book, change_id)
);
-- Of a wallet one change at a time.
CREATE UNIQUE INDEX wallet_change_one ON wallet_change (book, user_id) WHERE state IN (1, 2, 3, 4);
-- What happened to a wallet, and which were merged into it.
CREATE INDEX wallet_change_user ON wallet_change (book, user_id, change_id);
CREATE INDEX wallet_change_into ON wallet_change (book, into_user_id, change_id) WHERE into_user_id <> '';
-- What is to be done; nearly always empty.
CREATE INDEX wallet_change_due ON wallet_change (next_attempt_at_ms) WHERE state IN (2, 3, 4);

-- What a change posts: the coins that the wallet has, and in a merge what its owner owes. One more where coins came after one was made. `state`: 1 planned, 2 posted.
CREATE TABLE wallet_posting (
    book TEXT NOT NULL,
    change_id TEXT NOT NULL,
    posting_no BIGINT NOT NULL,
    coins BIGINT NOT NULL,
    debt_coins BIGINT NOT NULL,
    -- How often both debts were changed before, where a debt is moved.
    debt_change_no BIGINT NOT NULL,
    into_debt_change_no BIGINT NOT NULL,
    attempt BIGINT NOT NULL,
    planned_at_ms BIGINT NOT NULL,
    state BIGINT NOT NULL,
    posting_id TEXT NOT NULL,
    PRIMARY KEY (book, change_id, posting_no)
);

-- How many of a lot's removed coins were forfeited when their wallet was closed, and what of their price without tax is kept by that.
ALTER TABLE coin_lot ADD COLUMN forfeited_coins BIGINT NOT NULL DEFAULT 0;
ALTER TABLE lot_day ADD COLUMN breakage_minor_units BIGINT NOT NULL DEFAULT 0;
ALTER TABLE revenue_posting ADD COLUMN breakage_minor_units BIGINT NOT NULL DEFAULT 0;
