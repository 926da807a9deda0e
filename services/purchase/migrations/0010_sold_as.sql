-- By which row of the price sheet a purchase was sold: its market, the selling entity (empty: the main one), and how many of its coins are a bonus. Nothing of
-- it is known of purchases from before there were sheets.
ALTER TABLE purchase ADD COLUMN market TEXT NOT NULL DEFAULT '';
ALTER TABLE purchase ADD COLUMN entity TEXT NOT NULL DEFAULT '';
ALTER TABLE purchase ADD COLUMN bonus_coins BIGINT NOT NULL DEFAULT 0;
