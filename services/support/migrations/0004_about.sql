-- Whom an act is about beside the user of its own line: everybody whose account its request names, and whom it turned out to show.
CREATE TABLE act_user (
    book TEXT NOT NULL,
    user_id TEXT NOT NULL,
    act_id TEXT NOT NULL,
    PRIMARY KEY (user_id, act_id)
);
-- Acts that make, decide or read a proposal.
CREATE TABLE act_proposal (
    book TEXT NOT NULL,
    proposal_id TEXT NOT NULL,
    act_id TEXT NOT NULL,
    PRIMARY KEY (book, proposal_id, act_id)
);
-- Whose accounts a proposal would change; of a reversal those of the posting.
CREATE TABLE proposal_user (
    book TEXT NOT NULL,
    proposal_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    PRIMARY KEY (user_id, book, proposal_id)
);
