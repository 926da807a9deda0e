-- The leaf that has a reservation's money back, where that is not the one that paid, because that was closed since; empty: the one that paid.
ALTER TABLE funds_reservation ADD COLUMN back_on TEXT NOT NULL DEFAULT '';
