-- What payouts reserve of the money of the bank accounts that pay them. A row is written before its posting; its key names the posting. `waiting`: the ledger
-- refused it for lack of money, and the payout is in the account's queue; `asked`: it may have been posted; `reserved`; `released`: posted, and given up by a row of
-- payout_release; `withdrawn`: never posted, and never will be.
CREATE TABLE payout_reservation (
    book TEXT NOT NULL,
    payout_id TEXT NOT NULL,
    reservation_no BIGINT NOT NULL,
    attempt_no BIGINT NOT NULL,
    entity TEXT NOT NULL,
    bank_account TEXT NOT NULL,
    currency TEXT NOT NULL,
    minor_units BIGINT NOT NULL,
    state TEXT NOT NULL,
    reserve_key TEXT NOT NULL,
    posting_id TEXT NOT NULL DEFAULT '',
    tries BIGINT NOT NULL DEFAULT 0,
    -- Since when it waits for money; 0: it never did.
    waiting_since_ms BIGINT NOT NULL DEFAULT 0,
    payout_created_at_ms BIGINT NOT NULL,
    PRIMARY KEY (book, payout_id, reservation_no)
);
-- The queue of an account, oldest payout first.
CREATE INDEX payout_reservation_queue ON payout_reservation (book, entity, bank_account, currency, payout_created_at_ms, payout_id)
    WHERE state IN ('waiting', 'asked');

-- What goes back from payouts to their accounts: a reservation that was not used (`unused-<number>`), or a part of one whose money came back
-- (`return-<id>`). A row is written before its posting.
CREATE TABLE payout_release (
    book TEXT NOT NULL,
    payout_id TEXT NOT NULL,
    cause TEXT NOT NULL,
    entity TEXT NOT NULL,
    bank_account TEXT NOT NULL,
    currency TEXT NOT NULL,
    minor_units BIGINT NOT NULL,
    release_key TEXT NOT NULL,
    posting_id TEXT NOT NULL DEFAULT '',
    tries BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (book, payout_id, cause)
);
