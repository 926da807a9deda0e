-- A book's payouts in the order of their time, for reports: without it, each page of a report would sort all payouts of the book.
CREATE INDEX payout_by_time ON payout (book, created_at_ms, payout_id);
