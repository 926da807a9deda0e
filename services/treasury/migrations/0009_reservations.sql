-- What payouts of apps' books reserve on leaves: held before a payout is submitted, in transit until the bank paid or refused.
CREATE TABLE funds_reservation (
    book TEXT NOT NULL,
    -- The app's book.
    app TEXT NOT NULL,
    reservation_id TEXT NOT NULL,
    payout_id TEXT NOT NULL,
    -- The bank account as the app's book names it. Empty, as all up to the amount: given up before anybody asked for it.
    entity TEXT NOT NULL,
    bank_account TEXT NOT NULL,
    -- The physical account that it is, and the leaf that pays.
    account_id TEXT NOT NULL,
    leaf_id TEXT NOT NULL,
    leaf_entity TEXT NOT NULL,
    account_entity TEXT NOT NULL,
    currency TEXT NOT NULL,
    minor_units BIGINT NOT NULL,
    -- The request id of the posting that holds the money.
    hold_key TEXT NOT NULL,
    -- The posting of the app's book that submits the payout, whether or not it is there yet.
    intent_id TEXT NOT NULL,
    -- `reserved`, `submitting`, `in_transit`, `settled`, `voiding`, `returning` or `released`.
    state TEXT NOT NULL,
    -- Until when the intent is waited for.
    expires_at_ms BIGINT NOT NULL,
    -- When the state was entered; the ids of its postings carry it.
    changed_at_ms BIGINT NOT NULL,
    -- How often the ledger refused the postings of the state.
    tries BIGINT NOT NULL,
    -- The posting of the app's book that settled the payout; empty: none has.
    settled_by TEXT NOT NULL,
    PRIMARY KEY (book, app, reservation_id)
);
-- For the follower, which finishes what is open.
CREATE INDEX funds_reservation_open ON funds_reservation (book, state, changed_at_ms);
-- For a settlement, which names its payout.
CREATE INDEX funds_reservation_payout ON funds_reservation (book, app, payout_id);
