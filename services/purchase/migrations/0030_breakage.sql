-- Lots whose coins were left for so long that what was deferred of them became breakage: one row for each, in the order in which that was decided. Not deleted with the
-- lots: reading the journal again decides nothing again.
CREATE TABLE lot_breakage (
    book TEXT NOT NULL,
    breakage_no BIGINT NOT NULL,
    lot_no BIGINT NOT NULL,
    -- The posting that brought the lot: a number may be another lot's in a journal that was restored.
    posting_id TEXT NOT NULL,
    -- The day, UTC, of which it is breakage.
    day TEXT NOT NULL,
    -- Up to which event the journal was read then: the lot was as it is there.
    after_seq BIGINT NOT NULL,
    coins BIGINT NOT NULL,
    -- The rule: after so many months, and where that is laid down.
    months BIGINT NOT NULL,
    source TEXT NOT NULL,
    PRIMARY KEY (book, breakage_no)
);
CREATE UNIQUE INDEX lot_breakage_lot ON lot_breakage (book, lot_no);

-- The last of these that the lots have.
ALTER TABLE lot_cursor ADD COLUMN broken_no BIGINT NOT NULL DEFAULT 0;

-- How many coins of a lot were left then, at the end of which day, in Unix milliseconds, and how many of its coins were spent, paid back and forfeited since.
ALTER TABLE coin_lot ADD COLUMN broken_coins BIGINT NOT NULL DEFAULT 0;
ALTER TABLE coin_lot ADD COLUMN broken_at_ms BIGINT NOT NULL DEFAULT 0;
ALTER TABLE coin_lot ADD COLUMN broken_spent_coins BIGINT NOT NULL DEFAULT 0;
ALTER TABLE coin_lot ADD COLUMN broken_refunded_coins BIGINT NOT NULL DEFAULT 0;
ALTER TABLE coin_lot ADD COLUMN broken_forfeited_coins BIGINT NOT NULL DEFAULT 0;

-- Those, for audits.
CREATE INDEX coin_lot_broken ON coin_lot (book, lot_no) WHERE broken_coins > 0;

-- A sixth `use_kind` of lot_spend: 6, taken in the place of coins that were spent of a sale that was reversed or paid back.
