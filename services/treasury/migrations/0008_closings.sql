-- What every account of the treasury's book had at the end of each day on which it changed: read from the journal, and made anew from it at any time.

-- Of accounts that had an entry: credits less debits after the day's last one, and its event. `day` is YYYY-MM-DD in UTC, by the time of the commit.
CREATE TABLE closing (
    book TEXT NOT NULL,
    account TEXT NOT NULL,
    day TEXT NOT NULL,
    balance BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    PRIMARY KEY (book, account, day)
){clustered};

-- Each account once, so that the closings of a day are found by as many looks as there are accounts.
CREATE TABLE closing_account (
    book TEXT NOT NULL,
    account TEXT NOT NULL,
    PRIMARY KEY (book, account)
){clustered};

-- How far the journal was read.
CREATE TABLE closing_position (
    book TEXT NOT NULL PRIMARY KEY,
    commit_no BIGINT NOT NULL,
    commit_hash TEXT NOT NULL,
    committed_at_us BIGINT NOT NULL
);
