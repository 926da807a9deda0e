-- What an id stands for that somebody has: the request that made a payout or a run, the posting that held a payout's money, and a message of many payments. Not by book
-- first: SQLite would take an index for what is read of a book.
CREATE INDEX payout_by_request ON payout (request_id, book);
CREATE INDEX payout_by_hold ON payout (hold_posting_id, book);
CREATE INDEX payout_run_by_request ON payout_run (request_id, book);
CREATE INDEX shared_message_by_id ON shared_message (message_id);
