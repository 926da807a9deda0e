-- How many of a lot's coins are in suspense for sure. Staff who move coins out of there don't say to the books whose they are, so that from then on each of the others may
-- be gone. Of lots from before this column it is not known: their refunds are left to staff.
ALTER TABLE coin_lot ADD COLUMN suspended_coins BIGINT NOT NULL DEFAULT 0;

-- Of the coins of a step of the refunds, those that are left to staff: they were in suspense, and no longer are for sure.
ALTER TABLE refund ADD COLUMN staff_coins BIGINT NOT NULL DEFAULT 0;
