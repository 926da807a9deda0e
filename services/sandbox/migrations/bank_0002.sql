-- What the bank knows of a payment beyond its status. `returned` is what went back or was kept back for it, `returns` how often.
ALTER TABLE payment ADD COLUMN rail TEXT NOT NULL DEFAULT '';
ALTER TABLE payment ADD COLUMN behaviour TEXT NOT NULL DEFAULT '';
ALTER TABLE payment ADD COLUMN returned BIGINT NOT NULL DEFAULT 0;
ALTER TABLE payment ADD COLUMN returns BIGINT NOT NULL DEFAULT 0;

-- What kind of booking it is, the batch it was booked in (message and payment), the balance after it, and of a return its code, charge and original amount.
ALTER TABLE entry ADD COLUMN kind TEXT NOT NULL DEFAULT '';
ALTER TABLE entry ADD COLUMN message_id TEXT NOT NULL DEFAULT '';
ALTER TABLE entry ADD COLUMN payment_id TEXT NOT NULL DEFAULT '';
ALTER TABLE entry ADD COLUMN is_batched BIGINT NOT NULL DEFAULT 0;
ALTER TABLE entry ADD COLUMN balance BIGINT NOT NULL DEFAULT 0;
ALTER TABLE entry ADD COLUMN reason TEXT NOT NULL DEFAULT '';
ALTER TABLE entry ADD COLUMN charge BIGINT NOT NULL DEFAULT 0;
ALTER TABLE entry ADD COLUMN original BIGINT NOT NULL DEFAULT 0;

-- Payments that are to come back. `outcome` is empty until decided; `repaid_by` is the new payment by which money came back on rails without returns.
CREATE TABLE recall (
    recall_id TEXT NOT NULL,
    end_to_end_id TEXT NOT NULL,
    message_id TEXT NOT NULL,
    outcome TEXT NOT NULL,
    reason TEXT NOT NULL,
    repaid_by TEXT NOT NULL,
    received_at_ms BIGINT NOT NULL,
    decided_at_ms BIGINT NOT NULL,
    PRIMARY KEY (recall_id, end_to_end_id)
);

-- What happens by itself at a time: a payment's return, a recall's answer.
CREATE TABLE due (
    what TEXT NOT NULL,
    id TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    PRIMARY KEY (what, id)
);

-- Where news is pushed to, and what is still to be pushed.
CREATE TABLE receiver (
    url TEXT PRIMARY KEY
);
CREATE TABLE callback (
    callback_id TEXT PRIMARY KEY,
    url TEXT NOT NULL,
    about TEXT NOT NULL,
    body TEXT NOT NULL,
    is_forged BIGINT NOT NULL,
    tries BIGINT NOT NULL,
    due_at_ms BIGINT NOT NULL
);

-- Accounts whose statements show batches without their transactions.
CREATE TABLE bare_batches (
    currency TEXT PRIMARY KEY
);
