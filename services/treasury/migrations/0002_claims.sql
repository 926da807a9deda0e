-- The leaf that covers what an app's book claims of a physical account, from a day on. Of two changes on one day the later stays.
CREATE TABLE leaf_claim (
    book TEXT NOT NULL,
    account_id TEXT NOT NULL,
    app_book TEXT NOT NULL,
    from_date TEXT NOT NULL,
    -- Empty: none, so that what the app's book claims is covered by the account's unallocated leaf.
    node_id TEXT NOT NULL,
    PRIMARY KEY (book, account_id, app_book, from_date)
);
