-- Since when something is decided that is not known to be posted, in Unix milliseconds, for those who post it when the call that decided it is lost, and for alerts.

-- `planned_at_ms` is when the current id of a booking was made: a refused booking gets another one. 0: its first id is its current one.
ALTER TABLE entry_booking ADD COLUMN since_ms BIGINT NOT NULL DEFAULT 0;
-- 0: a program before this one decided it.
ALTER TABLE receipt ADD COLUMN decided_at_ms BIGINT NOT NULL DEFAULT 0;
ALTER TABLE old_account_move ADD COLUMN decided_at_ms BIGINT NOT NULL DEFAULT 0;

CREATE INDEX entry_booking_open ON entry_booking (book, posted_at_ms);
CREATE INDEX receipt_open ON receipt (book, is_booked);
CREATE INDEX case_adjustment_open ON case_adjustment (book, state);
CREATE INDEX old_account_open ON old_account (book, state);
