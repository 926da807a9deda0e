-- Payouts that are on their way, in a state, the oldest first: those that are stuck are among them.
CREATE INDEX payout_in_flight ON payout (book, state, created_at_ms, payout_id) WHERE phase NOT IN ('refused', 'settled', 'rejected');
