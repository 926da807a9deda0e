//! How the proof of the books looks to people.
use api::treasury::{ClaimProof, CoverProof, PhysicalProof, ProveBooksResponse, TimingCause, TimingItem};
use serde_json::{Value, json};
use std::fmt::Write as _;

use super::shown::money_text;

/// The proof in lines: positions, what is equal or not, items, and a sentence at the end.
#[must_use]
pub fn proof_text(proof: &ProveBooksResponse) -> String {
    let positions = proof.treasury.iter().chain(&proof.apps).map(|one| format!("{} {}", one.book, one.seq));
    let mut text = format!("events: {}\n", positions.collect::<Vec<_>>().join(", "));
    let lines = proof.physical_accounts.iter().map(physical);
    let lines = lines.chain(proof.claims.iter().map(claim)).chain(proof.covers.iter().map(cover)).chain(proof.items.iter().map(item));
    lines.for_each(|line| {
        let _ = writeln!(text, "{line}");
    });
    if proof.more_items {
        text.push_str("there are more items, whose amounts are in the sums\n");
    }
    proof.problems.iter().for_each(|problem| {
        let _ = writeln!(text, "RED: {problem}");
    });
    text.push_str(if proof.ok { "proved: nothing differs but by the items\n" } else { "not proved\n" });
    text
}

fn colour(ok: bool) -> &'static str {
    if ok { "green" } else { "RED  " }
}

fn physical(one: &PhysicalProof) -> String {
    let amount = |minor_units| money_text(minor_units, &one.currency_code);
    let equal = if one.ok { "=" } else { "is not" };
    let (leaves, cash) = (amount(one.leaves_minor_units), amount(one.cash_minor_units));
    let between = match one.between_accounts_minor_units {
        0 => String::new(),
        between => format!(" with {} between accounts", amount(between)),
    };
    format!("{}  {}: leaves {leaves} {equal} cash {cash}{between} {}", colour(one.ok), one.physical_account, one.currency_code)
}

fn claim(one: &ClaimProof) -> String {
    let amount = |minor_units| money_text(minor_units, &one.currency_code);
    let equal = if one.ok { "=" } else { "is not" };
    let (claimed, twins, items) = (amount(one.claimed_minor_units), amount(one.twins_minor_units), amount(one.items_minor_units));
    let leaf = match one.leaf.as_str() {
        "" => "no physical account".to_owned(),
        leaf => format!("leaf {leaf} of {}, twins up to event {}", one.physical_account, one.twin_seq),
    };
    let (book, account, code) = (&one.app_book, &one.account, &one.currency_code);
    format!("{}  {book} {account}: claim {claimed} {equal} twins {twins} + items {items} {code} ({leaf})", colour(one.ok))
}

fn cover(one: &CoverProof) -> String {
    let amount = |minor_units| money_text(minor_units, &one.currency_code);
    let equal = if one.ok { "=" } else { "is not" };
    let (booked, covered, items) = (amount(one.booked_minor_units), amount(one.covered_minor_units), amount(one.items_minor_units));
    format!("{}  leaf {}: {booked} {equal} covered claims {covered} + items {items} {}", colour(one.ok), one.leaf, one.currency_code)
}

fn cause(one: &TimingItem) -> &'static str {
    match one.cause() {
        TimingCause::TwinMissing => "twin missing",
        TimingCause::NoPhysicalAccount => "no physical account",
        TimingCause::TreasuryOnly => "treasury only",
        TimingCause::Unspecified => "another cause",
    }
}

fn item(one: &TimingItem) -> String {
    let TimingItem { book, account, posting_id, kind, currency_code, age_s, owner, .. } = one;
    let amount = money_text(one.amount_minor_units, currency_code);
    format!("item   {}: {book} {account} {amount} {currency_code}, {kind} {posting_id}, {age_s} s old, for {owner}", cause(one))
}

/// The same as JSON.
#[must_use]
pub fn proof_json(proof: &ProveBooksResponse) -> Value {
    let position = |one: &api::treasury::BookPosition| json!({ "book": one.book, "seq": one.seq });
    let physical = |one: &PhysicalProof| {
        json!({ "physical_account": one.physical_account, "currency_code": one.currency_code, "leaves_minor_units": one.leaves_minor_units,
            "cash_minor_units": one.cash_minor_units, "between_accounts_minor_units": one.between_accounts_minor_units, "ok": one.ok })
    };
    let claim = |one: &ClaimProof| {
        json!({ "app_book": one.app_book, "account": one.account, "physical_account": one.physical_account, "leaf": one.leaf,
            "currency_code": one.currency_code, "claimed_minor_units": one.claimed_minor_units, "twins_minor_units": one.twins_minor_units,
            "twin_seq": one.twin_seq, "items_minor_units": one.items_minor_units, "ok": one.ok })
    };
    let cover = |one: &CoverProof| {
        json!({ "leaf": one.leaf, "currency_code": one.currency_code, "booked_minor_units": one.booked_minor_units,
            "covered_minor_units": one.covered_minor_units, "items_minor_units": one.items_minor_units, "ok": one.ok })
    };
    let item = |one: &TimingItem| {
        json!({ "cause": cause(one).replace(' ', "_"), "book": one.book, "account": one.account, "posting_id": one.posting_id, "seq": one.seq,
            "kind": one.kind, "currency_code": one.currency_code, "amount_minor_units": one.amount_minor_units, "age_s": one.age_s,
            "owner": one.owner })
    };
    json!({
        "ok": proof.ok,
        "treasury": proof.treasury.as_ref().map(position),
        "apps": proof.apps.iter().map(position).collect::<Vec<_>>(),
        "physical_accounts": proof.physical_accounts.iter().map(physical).collect::<Vec<_>>(),
        "claims": proof.claims.iter().map(claim).collect::<Vec<_>>(),
        "covers": proof.covers.iter().map(cover).collect::<Vec<_>>(),
        "items": proof.items.iter().map(item).collect::<Vec<_>>(),
        "more_items": proof.more_items,
        "problems": proof.problems,
    })
}

#[cfg(test)]
mod tests;
