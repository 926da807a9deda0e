-- What a store asks before it decides about a refund: one row for each question, written with the notification before that is answered. `state`: 1 open, 2 answered,
-- 3 over without an answer, 4 the store takes no answer, 5 over because the buyer consents to none.
CREATE TABLE store_question (
    store TEXT NOT NULL,
    -- What names the question: the id of its notification, or the digest of the token that it is answered with.
    question_key TEXT NOT NULL,
    event_id TEXT NOT NULL,
    book TEXT NOT NULL,
    environment TEXT NOT NULL,
    bundle_id TEXT NOT NULL,
    transaction_id TEXT NOT NULL,
    -- With what Google is answered. Empty for others, and once nothing is left to answer.
    question_token TEXT NOT NULL,
    asked_at_ms BIGINT NOT NULL,
    deadline_ms BIGINT NOT NULL,
    state BIGINT NOT NULL,
    -- 1: the buyer's consent is missing, so that nothing is sent.
    lacks_consent BIGINT NOT NULL,
    -- Up to which event of the journal the coin lots must be read; 0: not known yet.
    lots_seq BIGINT NOT NULL,
    -- What is answered, written before it is sent: when the buyer consented, how much of the coins was spent (less than nothing: not known), and two words.
    consented_at_ms BIGINT NOT NULL,
    consumed_milliunits BIGINT NOT NULL,
    delivery TEXT NOT NULL,
    preference TEXT NOT NULL,
    tries BIGINT NOT NULL,
    next_attempt_at_ms BIGINT NOT NULL,
    note TEXT NOT NULL,
    done_at_ms BIGINT NOT NULL,
    PRIMARY KEY (store, question_key)
);
-- What is to be answered; nearly always empty.
CREATE INDEX store_question_open ON store_question (next_attempt_at_ms) WHERE state = 1;
-- Those of a notification, for staff.
CREATE INDEX store_question_event ON store_question (store, event_id);

-- Whether a user consents to stores being answered about the user's purchases: every change, the last one counts. `set_by`: user, service, staff, or store.
CREATE TABLE refund_consent (
    book TEXT NOT NULL,
    user_id TEXT NOT NULL,
    change_no BIGINT NOT NULL,
    consents BIGINT NOT NULL,
    -- The text that the user was shown, as the app names it.
    terms TEXT NOT NULL,
    set_by TEXT NOT NULL,
    set_at_ms BIGINT NOT NULL,
    PRIMARY KEY (book, user_id, change_no)
);

-- Which users bought in which download of an app: the App Store names the download alone when a parent withdraws consent.
CREATE TABLE app_download (
    book TEXT NOT NULL,
    bundle_id TEXT NOT NULL,
    app_transaction_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    since_ms BIGINT NOT NULL,
    PRIMARY KEY (book, bundle_id, app_transaction_id, user_id)
);
-- Those of a user who is erased.
CREATE INDEX app_download_user ON app_download (book, user_id);
