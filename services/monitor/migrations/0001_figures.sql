-- How far each book's journal is counted in figure_hour. Commit times are in microseconds since the Unix epoch; -1: no posting yet.
CREATE TABLE figure_cursor (
    book TEXT NOT NULL PRIMARY KEY,
    commit_no BIGINT NOT NULL,
    commit_hash TEXT NOT NULL,
    seq BIGINT NOT NULL,
    commit_time_us BIGINT NOT NULL
);
-- Postings of each hour in UTC by commit time, by kind; with a unit, what they moved, held and released in it. hour_s: the hour's beginning in Unix seconds.
-- A row holds everything up to figure_cursor. It can be counted again from the journal at any time.
CREATE TABLE figure_hour (
    book TEXT NOT NULL,
    hour_s BIGINT NOT NULL,
    kind TEXT NOT NULL,
    unit TEXT NOT NULL,
    postings BIGINT NOT NULL,
    moved BIGINT NOT NULL,
    held BIGINT NOT NULL,
    released BIGINT NOT NULL,
    PRIMARY KEY (book, hour_s, kind, unit)
);
