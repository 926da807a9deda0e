//! Finds the order in which the book can have decided concurrent requests: accepted postings name their places in the journal, and the rest must fit
//! between them.
use crate::{
    ask::{Answer, Ask, Call, Key},
    book::{Book, Decision},
    reads::account_at_some_moment,
};
use api::ledger as pb;
use std::collections::HashSet;

/// The calls of one round, and the keys of attempts whose outcome is unknown.
pub struct Round<'a> {
    pub calls: &'a [Call],
    pub unsure: &'a HashSet<Key>,
    pub now_ms: u64,
    /// The next place in the journal when it began.
    pub since: i64,
}

/// The book after the round, or why no order explains it.
pub fn explain(mut book: Book, round: &Round<'_>) -> Result<Book, String> {
    let left: Vec<usize> = (0..round.calls.len()).collect();
    place(&mut book, round, left).map(|()| book)
}

fn place(book: &mut Book, round: &Round<'_>, mut left: Vec<usize>) -> Result<(), String> {
    loop {
        if left.is_empty() {
            return shown(book, round);
        }
        let mut ready: Vec<usize> =
            left.iter().copied().filter(|at| round.calls[*at].after.is_none_or(|before| !left.contains(&before))).collect();
        // Dry runs come first, as they affect nothing, while a refusal becomes an id's answer for all later requests.
        ready.sort_by_key(|at| !round.calls[*at].ask.is_dry_run());
        // A call that takes no place in the journal fits as soon as its answer is right.
        let fits: Vec<usize> = ready.iter().copied().filter(|at| fits_without_a_place(book, round, *at)).collect();
        let still = fits.iter().copied().find(|at| !contested(round, &left, *at));
        if let Some(at) = still {
            let (decision, told) = judge(book, round, at)?;
            let call = &round.calls[at];
            book.apply(&call.ask, &call.scope, decision, &told)?;
            left.retain(|other| *other != at);
            continue;
        }
        // A refusal that is right early may still have been decided late: after a dry run under the same id that was answered in between.
        for at in fits {
            let mut branch = book.clone();
            if placed(&mut branch, round, at, &left).is_ok() {
                *book = branch;
                return Ok(());
            }
        }
        // An accepted posting names its place; of one that was answered twice the first goes first.
        if let Some(at) = next_posting(book, round, &ready) {
            left.retain(|other| *other != at);
            continue;
        }
        // Calls that take a place without naming it are tried in turn.
        let mut why = None;
        for at in ready.iter().copied().filter(|at| matches!(round.calls[*at].answer, Answer::Done(_))) {
            let mut branch = book.clone();
            match placed(&mut branch, round, at, &left) {
                Ok(()) => {
                    *book = branch;
                    return Ok(());
                }
                Err(reason) => why = why.or(Some(reason)),
            }
        }
        return Err(why.unwrap_or_else(|| stuck(book, round, &ready)));
    }
}

/// Decides this one next, then the rest of those left.
fn placed(book: &mut Book, round: &Round<'_>, at: usize, left: &[usize]) -> Result<(), String> {
    let (decision, told) = judge(book, round, at)?;
    let call = &round.calls[at];
    book.apply(&call.ask, &call.scope, decision, &told)?;
    place(book, round, left.iter().copied().filter(|other| *other != at).collect())
}

/// Whether the answer is right now and takes no place in the journal.
fn fits_without_a_place(book: &Book, round: &Round<'_>, at: usize) -> bool {
    judge(book, round, at).is_ok_and(|(decision, _)| !Book::moves_on(&decision))
}

/// Whether a dry run that has not been placed yet has the same id, so that this call's stored answer would become its answer.
fn contested(round: &Round<'_>, left: &[usize], at: usize) -> bool {
    let call = &round.calls[at];
    let key = call.ask.key(&call.scope);
    let same = |other: &Call| other.ask.is_dry_run() && other.ask.key(&other.scope) == key;
    !call.ask.is_dry_run() && !call.ask.id().is_empty() && left.iter().any(|other| *other != at && same(&round.calls[*other]))
}

/// Accounts reported as opened or set must have been so at some moment: this distinguishes orders that no posting distinguishes.
fn shown(book: &Book, round: &Round<'_>) -> Result<(), String> {
    for call in round.calls {
        let Answer::Done(accounts) = &call.answer else { continue };
        for account in accounts {
            account_at_some_moment(book, round.since, &account.account, Some(account))?;
        }
    }
    Ok(())
}

fn next_posting(book: &mut Book, round: &Round<'_>, ready: &[usize]) -> Option<usize> {
    let seq = |at: &usize| match &round.calls[*at].answer {
        Answer::Posted { posting, replayed, .. } if posting.seq >= book.next_seq => Some((posting.seq, *replayed)),
        _ => None,
    };
    let mut postings: Vec<(i64, bool, usize)> = ready.iter().filter_map(|at| seq(at).map(|(seq, again)| (seq, again, *at))).collect();
    postings.sort_unstable();
    let (first, _, _) = *postings.first()?;
    // Requests with one id and the same fields may have different transfers: only one of them was posted.
    let (at, decision, told) = postings.iter().take_while(|(seq, _, _)| *seq == first).find_map(|(_, _, at)| {
        let (decision, told) = judge(book, round, *at).ok()?;
        Some((*at, decision, told))
    })?;
    let call = &round.calls[at];
    book.apply(&call.ask, &call.scope, decision, &told).ok()?;
    Some(at)
}

fn stuck(book: &Book, round: &Round<'_>, ready: &[usize]) -> String {
    let whys: Vec<String> = ready.iter().filter_map(|at| judge(book, round, *at).err()).collect();
    format!("no order explains these, {} answers before seq {}:\n{}", ready.len(), book.next_seq, whys.join("\n"))
}

/// Whether the book would now give this answer. The second of the pair is the full answer, with what only the ledger can make.
fn judge(book: &Book, round: &Round<'_>, at: usize) -> Result<(Decision, Answer), String> {
    let call = &round.calls[at];
    let decision = book.decide(&call.ask, &call.scope, round.now_ms);
    let unsure = round.unsure.contains(&call.ask.key(&call.scope));
    let told = agree(&call.ask, &decision.answer, &call.answer, unsure);
    match told {
        Some(told) => Ok((decision, told)),
        None => Err(format!("asked {:?}\n  told     {:?}\n  expected {:?}", call.ask, call.answer, decision.answer)),
    }
}

fn agree(ask: &Ask, expected: &Answer, told: &Answer, unsure: bool) -> Option<Answer> {
    match (expected, told) {
        (Answer::Done(_), Answer::Done(_)) => Some(Answer::Done(Vec::new())),
        (Answer::Refused { code, reason, facts }, Answer::Refused { code: c, reason: r, facts: f }) => {
            // Which field is malformed, how an id's time is wrong, and the ledger's time are not compared.
            let for_people = ["MALFORMED", "REQUEST_ID_TIME", "EXPIRY_OUT_OF_RANGE"].contains(&reason.as_str());
            (code == c && reason == r && (for_people || facts == f)).then(|| told.clone())
        }
        (Answer::Posted { posting, replayed: false, .. }, Answer::Posted { posting: got, replayed, brief }) => {
            let full = filled(ask, posting, got)?;
            let same = if *brief { shortened(&full) == **got } else { same_posting(&full, got, ask.sent_fields().is_some()) };
            // The first attempt may have been one whose outcome is unknown.
            (same && (!replayed || unsure)).then(|| Answer::Posted { posting: Box::new(full), replayed: false, brief: false })
        }
        (Answer::Posted { posting, replayed: true, .. }, Answer::Posted { posting: got, replayed: true, brief }) => {
            let same = if *brief { shortened(posting) == **got } else { same_posting(posting, got, ask.sent_fields().is_some()) };
            same.then(|| expected.clone())
        }
        _ => None,
    }
}

/// Equal, except for the fields that the ledger makes where the caller sent none.
pub fn same_posting(expected: &pb::Posting, got: &pb::Posting, fields_sent: bool) -> bool {
    if fields_sent || expected.request_fields == got.request_fields {
        return expected == got;
    }
    let got = pb::Posting { request_fields: expected.request_fields.clone(), ..got.clone() };
    expected == &got
}

/// The expected posting with the ids, numbers and times that only the ledger can make.
fn filled(ask: &Ask, expected: &pb::Posting, got: &pb::Posting) -> Option<pb::Posting> {
    if uuid::Uuid::try_parse(&got.posting_id).is_err() || expected.transfers.len() != got.transfers.len() {
        return None;
    }
    let mut full = pb::Posting { posting_id: got.posting_id.clone(), commit_time: got.commit_time, ..expected.clone() };
    full.request_fields = ask.sent_fields().unwrap_or_else(|| got.request_fields.clone());
    full.effective_time = expected.effective_time.or(got.commit_time);
    for (own, theirs) in full.transfers.iter_mut().zip(&got.transfers) {
        own.transfer_no = theirs.transfer_no;
    }
    if let Ask::Reverse(_) = ask {
        full.guards.clone_from(&got.guards);
    }
    Some(full)
}

/// The brief form of an answer.
fn shortened(full: &pb::Posting) -> pb::Posting {
    let transfer = |transfer: &pb::PostedTransfer| {
        let after = transfer.debit_after.as_ref();
        let debit_after =
            after.map(|after| pb::Account { balance: after.balance, balance_seq: after.balance_seq, ..pb::Account::default() });
        pb::PostedTransfer {
            amount: transfer.amount,
            unit: transfer.unit.clone(),
            debit_after,
            transfer_no: transfer.transfer_no,
            pending: transfer.pending,
            ..pb::PostedTransfer::default()
        }
    };
    pb::Posting {
        posting_id: full.posting_id.clone(),
        seq: full.seq,
        transfers: full.transfers.iter().map(transfer).collect(),
        commit_time: full.commit_time,
        ..pb::Posting::default()
    }
}
