-- Cases that need work, the oldest first.
CREATE INDEX bank_case_open ON bank_case (book, found_at_ms, case_id) WHERE state = 'open';
