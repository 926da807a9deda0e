-- What of a step was paid back by disputes that were lost, in minor units, and what of its posting of money was withdrawn before.
ALTER TABLE refund ADD COLUMN disputed_total_minor_units BIGINT NOT NULL DEFAULT 0;
ALTER TABLE refund ADD COLUMN disputed_minor_units BIGINT NOT NULL DEFAULT 0;

-- `status` of a fact that is said of a dispute: 4 not decided, 5 lost, 6 won or no dispute. What the store withdrew for it and has not given back, and what it charged.
ALTER TABLE refund_fact ADD COLUMN withdrawn_minor_units BIGINT NOT NULL DEFAULT 0;
ALTER TABLE refund_fact ADD COLUMN fee_minor_units BIGINT NOT NULL DEFAULT 0;
-- What is disputed, and what of that is not decided; few.
CREATE INDEX refund_fact_disputed ON refund_fact (status, said_at_ms) WHERE status = 4;

-- Changes of what a store withdrew for the disputes of a purchase, less than nothing where it gave back. `state`: 1 to be posted, 2 posted.
CREATE TABLE dispute_step (
    book TEXT NOT NULL,
    purchase_id TEXT NOT NULL,
    step_no BIGINT NOT NULL,
    currency TEXT NOT NULL,
    withdrawn_minor_units BIGINT NOT NULL,
    fee_minor_units BIGINT NOT NULL,
    withdrawn_total_minor_units BIGINT NOT NULL,
    fee_total_minor_units BIGINT NOT NULL,
    state BIGINT NOT NULL,
    note TEXT NOT NULL,
    tries BIGINT NOT NULL,
    next_attempt_at_ms BIGINT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    attempt BIGINT NOT NULL,
    planned_at_ms BIGINT NOT NULL,
    posting_id TEXT NOT NULL,
    PRIMARY KEY (book, purchase_id, step_no)
);
-- What is to be posted; nearly always empty.
CREATE INDEX dispute_step_open ON dispute_step (next_attempt_at_ms) WHERE state = 1;
