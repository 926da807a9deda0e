-- Downloads of apps in which somebody bought, or for which a parent withdrew consent before anybody did. `withdrawn_at_ms`, Unix milliseconds: who buys in it for the first
-- time is withdrawn from too. 0: nobody withdrew it, or a parent consents again.
CREATE TABLE download_consent (
    book TEXT NOT NULL,
    bundle_id TEXT NOT NULL,
    app_transaction_id TEXT NOT NULL,
    withdrawn_at_ms BIGINT NOT NULL,
    PRIMARY KEY (book, bundle_id, app_transaction_id)
);
