-- What is kept of a request may be cut or erased; these stay and are in the line's hash. request_hash: SHA-256 of the line's salt and the whole request.
-- proposal_hash: what a proposal is bound by, in the lines that propose and approve it. Empty in lines of before and of other acts.
ALTER TABLE act ADD COLUMN request_hash TEXT NOT NULL DEFAULT '';
ALTER TABLE act ADD COLUMN proposal_hash TEXT NOT NULL DEFAULT '';
-- Every account that an act's request names.
CREATE TABLE act_account (
    book TEXT NOT NULL,
    account TEXT NOT NULL,
    act_id TEXT NOT NULL,
    PRIMARY KEY (account, act_id)
);
