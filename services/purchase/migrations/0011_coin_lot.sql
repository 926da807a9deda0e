-- Every coin that was credited belongs to a lot. All of these tables follow the ledger's journal and the table purchase, and can be read again from them.

-- One row per transfer that brought coins to a wallet. `lot_no`: 64 times the event's sequence number, and the transfer's place in it. `origin`: 1 bought,
-- 2 a promotion, 3 of unknown price. Spent and removed coins are no longer in any wallet.
CREATE TABLE coin_lot (
    book TEXT NOT NULL,
    lot_no BIGINT NOT NULL,
    user_id TEXT NOT NULL,
    posting_id TEXT NOT NULL,
    purchase_id TEXT NOT NULL,
    origin BIGINT NOT NULL,
    store TEXT NOT NULL,
    market TEXT NOT NULL,
    entity TEXT NOT NULL,
    currency TEXT NOT NULL,
    price_minor_units BIGINT NOT NULL,
    tax_minor_units BIGINT NOT NULL,
    commission_minor_units BIGINT NOT NULL,
    coins BIGINT NOT NULL,
    bonus_coins BIGINT NOT NULL,
    spent_coins BIGINT NOT NULL,
    removed_coins BIGINT NOT NULL,
    -- 1: the sale itself was reversed, so that nothing of it is revenue.
    reversed BIGINT NOT NULL,
    issued_at_ms BIGINT NOT NULL,
    PRIMARY KEY (book, lot_no)
);
CREATE INDEX coin_lot_purchase ON coin_lot (book, purchase_id) WHERE purchase_id <> '';
CREATE INDEX coin_lot_user ON coin_lot (book, user_id, lot_no);
CREATE INDEX coin_lot_posting ON coin_lot (book, posting_id);

-- Which coins of a lot an account has, in the order of spending: promotions first (`spend_rank` 0), then by age. A row of lot 0 is what an account spent beyond
-- what it had, less than nothing. No row: none.
CREATE TABLE lot_holding (
    book TEXT NOT NULL,
    account TEXT NOT NULL,
    spend_rank BIGINT NOT NULL,
    lot_no BIGINT NOT NULL,
    coins BIGINT NOT NULL,
    PRIMARY KEY (book, account, spend_rank, lot_no)
);

-- Which posting took how many coins of a lot, and what was earned by that. `spend_no` is built like `lot_no`. `use_kind`: 1 spent, 2 removed without being
-- spent. Less than nothing: given back by a reversal.
CREATE TABLE lot_spend (
    book TEXT NOT NULL,
    lot_no BIGINT NOT NULL,
    spend_no BIGINT NOT NULL,
    posting_id TEXT NOT NULL,
    use_kind BIGINT NOT NULL,
    creator_id TEXT NOT NULL,
    coins BIGINT NOT NULL,
    revenue_minor_units BIGINT NOT NULL,
    commission_minor_units BIGINT NOT NULL,
    spent_at_ms BIGINT NOT NULL,
    PRIMARY KEY (book, lot_no, spend_no)
);
CREATE INDEX lot_spend_posting ON lot_spend (book, posting_id);

-- What changed on a day (UTC, by commit time) in the lots of an entity, market and currency.
CREATE TABLE lot_day (
    book TEXT NOT NULL,
    day TEXT NOT NULL,
    entity TEXT NOT NULL,
    market TEXT NOT NULL,
    currency TEXT NOT NULL,
    -- Sold, without tax, and the part of it that the channel keeps.
    sold_minor_units BIGINT NOT NULL,
    prepaid_minor_units BIGINT NOT NULL,
    revenue_minor_units BIGINT NOT NULL,
    commission_minor_units BIGINT NOT NULL,
    -- Coins in wallets.
    paid_coins BIGINT NOT NULL,
    bonus_coins BIGINT NOT NULL,
    promotional_coins BIGINT NOT NULL,
    unknown_coins BIGINT NOT NULL,
    PRIMARY KEY (book, day, entity, market, currency)
);

-- How far a book's journal was read, and the last day whose revenue was planned.
CREATE TABLE lot_cursor (
    book TEXT NOT NULL,
    commit_no BIGINT NOT NULL,
    commit_hash TEXT NOT NULL,
    seq BIGINT NOT NULL,
    planned_day TEXT NOT NULL,
    PRIMARY KEY (book)
);
