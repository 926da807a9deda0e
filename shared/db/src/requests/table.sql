-- One row per request id a caller used; `state`: 0 open, 1 answered, 2 refused for good.
CREATE TABLE request (
    book TEXT NOT NULL,
    subject TEXT NOT NULL,
    rpc TEXT NOT NULL,
    request_id TEXT NOT NULL,
    fields TEXT NOT NULL,
    state BIGINT NOT NULL,
    outcome {blob},
    created_at_ms BIGINT NOT NULL,
    finished_at_ms BIGINT NOT NULL,
    PRIMARY KEY (book, subject, rpc, request_id)
);
-- Only refusals are ever looked for by time: they are pruned.
CREATE INDEX request_refused ON request (finished_at_ms) WHERE state = 2;
