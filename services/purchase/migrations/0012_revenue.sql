-- Revenue of a day that was posted, or is about to be: the first edition, and the differences that reading the journal again brought. Kept when lots are read
-- again. `state`: 1 planned, 2 posted.
CREATE TABLE revenue_posting (
    book TEXT NOT NULL,
    day TEXT NOT NULL,
    entity TEXT NOT NULL,
    currency TEXT NOT NULL,
    edition BIGINT NOT NULL,
    revenue_minor_units BIGINT NOT NULL,
    commission_minor_units BIGINT NOT NULL,
    state BIGINT NOT NULL,
    -- Part of the posting's id, with the time at which it was planned last.
    attempt BIGINT NOT NULL,
    planned_at_ms BIGINT NOT NULL,
    posting_id TEXT NOT NULL,
    PRIMARY KEY (book, day, entity, currency, edition)
);
-- What is to be posted; nearly always empty.
CREATE INDEX revenue_posting_planned ON revenue_posting (book) WHERE state = 1;
