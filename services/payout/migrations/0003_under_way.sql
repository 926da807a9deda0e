-- What is under way: asked for by audits and by whoever watches. Small, whatever has been paid out before.
CREATE INDEX payout_under_way ON payout (book, state, created_at_ms) WHERE phase NOT IN ('refused', 'settled', 'rejected');
