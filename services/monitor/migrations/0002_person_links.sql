-- Which person a user of a book is, as the app's service said: person_id is the user key of the person's tokens that cover several books. Times are in
-- milliseconds since the Unix epoch.
CREATE TABLE person_link (
    book TEXT NOT NULL,
    user_id TEXT NOT NULL,
    person_id TEXT NOT NULL,
    linked_by TEXT NOT NULL,
    linked_at_ms BIGINT NOT NULL,
    PRIMARY KEY (book, user_id)
);
-- A key is looked up in both places, in all books.
CREATE INDEX person_link_person ON person_link (person_id, book);
CREATE INDEX person_link_user ON person_link (user_id, book);
-- What was said when, and by whom; is_linked 0: the link was taken back.
CREATE TABLE person_link_change (
    book TEXT NOT NULL,
    user_id TEXT NOT NULL,
    change_no BIGINT NOT NULL,
    person_id TEXT NOT NULL,
    is_linked BIGINT NOT NULL,
    changed_by TEXT NOT NULL,
    changed_at_ms BIGINT NOT NULL,
    PRIMARY KEY (book, user_id, change_no)
);
