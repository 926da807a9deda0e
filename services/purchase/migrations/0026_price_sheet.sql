-- Price sheets that were loaded for a book. Of those that have begun, the one with the highest number is in force; what was sold before it keeps its price.
CREATE TABLE price_sheet (
    book TEXT NOT NULL,
    sheet_no BIGINT NOT NULL,
    version TEXT NOT NULL,
    content_hash TEXT NOT NULL,
    content TEXT NOT NULL,
    effective_at_ms BIGINT NOT NULL,
    -- Which member of staff.
    loaded_by TEXT NOT NULL,
    loaded_at_ms BIGINT NOT NULL,
    PRIMARY KEY (book, sheet_no)
);
-- A version is one sheet.
CREATE UNIQUE INDEX price_sheet_version ON price_sheet (book, version);

-- By which row of a sheet an order is sold.
ALTER TABLE store_order ADD COLUMN entity TEXT NOT NULL DEFAULT '';
ALTER TABLE store_order ADD COLUMN bonus_coins BIGINT NOT NULL DEFAULT 0;

-- What limits a user's purchases. `age_at_least`: years; -1: not known. Zones are empty where they are not known. `changes` grows with each order and purchase, so that
-- those of one user are judged one after the other.
CREATE TABLE spending_profile (
    book TEXT NOT NULL,
    user_id TEXT NOT NULL,
    age_at_least BIGINT NOT NULL,
    time_zone TEXT NOT NULL,
    next_time_zone TEXT NOT NULL,
    -- 0: no other zone is awaited.
    next_zone_from_ms BIGINT NOT NULL,
    paused_until_ms BIGINT NOT NULL,
    changes BIGINT NOT NULL,
    PRIMARY KEY (book, user_id)
);

-- What users want to spend at most. -1: no limit. `period`: day or month.
CREATE TABLE spending_limit (
    book TEXT NOT NULL,
    user_id TEXT NOT NULL,
    currency TEXT NOT NULL,
    period TEXT NOT NULL,
    limit_minor_units BIGINT NOT NULL,
    next_minor_units BIGINT NOT NULL,
    -- 0: no other limit is awaited.
    next_from_ms BIGINT NOT NULL,
    PRIMARY KEY (book, user_id, currency, period)
);

-- What users spent, by the day and the month in their zones: one row per order, or per purchase that no order was made for. An order counts while it can be paid,
-- and once it is a purchase.
CREATE TABLE spending (
    book TEXT NOT NULL,
    spending_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    order_id TEXT NOT NULL,
    purchase_id TEXT NOT NULL,
    day TEXT NOT NULL,
    month TEXT NOT NULL,
    currency TEXT NOT NULL,
    minor_units BIGINT NOT NULL,
    -- Why it would not have been sold here. Empty: it is within all limits.
    over_limit TEXT NOT NULL,
    spent_at_ms BIGINT NOT NULL,
    PRIMARY KEY (book, spending_id)
);
CREATE INDEX spending_month ON spending (book, user_id, currency, month);
CREATE INDEX spending_purchase ON spending (book, purchase_id) WHERE purchase_id <> '';
