-- What payouts reserve with treasury on the leaves that pay them, before they are submitted. A row is written before treasury is asked; payout and number make the
-- reservation's id. `asked`: treasury may hold it; `released`: it does not, and never will.
CREATE TABLE payout_leaf_hold (
    book TEXT NOT NULL,
    payout_id TEXT NOT NULL,
    hold_no BIGINT NOT NULL,
    entity TEXT NOT NULL,
    bank_account TEXT NOT NULL,
    currency TEXT NOT NULL,
    minor_units BIGINT NOT NULL,
    state TEXT NOT NULL,
    PRIMARY KEY (book, payout_id, hold_no)
);
