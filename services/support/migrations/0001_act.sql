-- What staff did, one line for its beginning and one for its end. Never updated but for reason and request_json, which may be erased: text_digest
-- covers them with the line's salt, and hash covers text_digest and the line before.
CREATE TABLE act (
    seq BIGINT NOT NULL PRIMARY KEY,
    time_ms BIGINT NOT NULL,
    act_id TEXT NOT NULL,
    phase BIGINT NOT NULL,
    subject TEXT NOT NULL,
    issuer TEXT NOT NULL,
    role TEXT NOT NULL,
    rpc TEXT NOT NULL,
    book TEXT NOT NULL,
    user_id TEXT NOT NULL,
    outcome TEXT NOT NULL,
    reason TEXT NOT NULL,
    request_json TEXT NOT NULL,
    erased BIGINT NOT NULL,
    salt TEXT NOT NULL,
    text_digest TEXT NOT NULL,
    hash TEXT NOT NULL,
    UNIQUE (act_id, phase)
);
-- Newest first, by whom, about whom and in which book.
CREATE INDEX act_by_subject ON act (subject, seq);
CREATE INDEX act_by_user ON act (user_id, seq);
CREATE INDEX act_by_book ON act (book, seq);
