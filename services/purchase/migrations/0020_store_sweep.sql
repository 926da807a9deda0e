-- How far stores were asked for what their notifications lost: one row for each app and list of its store. `list`: notifications, or refunds.
CREATE TABLE store_sweep (
    store TEXT NOT NULL,
    bundle_id TEXT NOT NULL,
    list TEXT NOT NULL,
    -- Of notifications: the span that is read, or was read last.
    from_ms BIGINT NOT NULL,
    until_ms BIGINT NOT NULL,
    -- Where the next page of the span begins. Empty: the span was read to its end.
    page_token TEXT NOT NULL,
    -- Of refunds: the purchase after which the next one is asked about.
    after_purchase_id TEXT NOT NULL,
    PRIMARY KEY (store, bundle_id, list)
);

-- What is over, which is deleted some time. A ninth `state` of store_event: 9, a member of staff ended it.
CREATE INDEX store_event_over ON store_event (received_at_ms) WHERE state IN (2, 3, 9);
