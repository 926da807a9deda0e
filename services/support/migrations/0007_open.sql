-- Proposals that wait for a second person, the oldest first.
CREATE INDEX proposal_open ON proposal (book, proposed_at_ms, proposal_id) WHERE state = 1;
