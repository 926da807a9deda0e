//! The form of names and requests, as far as the model needs it: from the contract, not from the ledger's code.
use crate::{ask::Ask, book::AMOUNT_MAX};
use api::ledger as pb;
use pb::guard::Operation;

/// The unit of an account; `None` outside the chart.
pub fn unit(name: &str) -> Option<String> {
    let parts: Vec<&str> = name.split('/').collect();
    let unit = match parts.as_slice() {
        ["viewer", _, "coins" | "debt"] | ["house", "coins", "issued" | "redeemed" | "suspense"] => "COIN",
        ["creator", _, "diamonds"] | ["house", "diamonds", "issued" | "redeemed"] => "DIAMOND",
        ["creator", _, "payable", code] | ["house", "revenue" | "treasury" | "creator_cost" | "in_transit" | "suspense", code] => code,
        _ => return None,
    };
    Some(unit.to_owned())
}

/// Whether an account may not go below zero: users' accounts, except for debt, and suspense accounts.
pub fn floor(name: &str) -> bool {
    let suspense = name == "house/coins/suspense" || name.starts_with("house/suspense/");
    suspense || (!name.starts_with("house/") && !name.ends_with("/debt"))
}

/// The line of the trial balance an account belongs to.
pub fn group(name: &str) -> String {
    let mut parts: Vec<&str> = name.split('/').collect();
    if parts[0] != "house" {
        parts[1] = "*";
    }
    parts.join("/")
}

fn amount(amount: i64) -> bool {
    (1..=AMOUNT_MAX).contains(&amount)
}

fn kind(kind: &str) -> bool {
    !kind.is_empty() && kind.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'.')
}

fn fields(fields: &[pb::RequestField]) -> bool {
    fields.iter().enumerate().all(|(at, field)| fields[..at].iter().all(|earlier| earlier.name != field.name))
}

/// Whether a request has the form that the contract requires.
pub fn well_formed(ask: &Ask) -> bool {
    let id = matches!(ask, Ask::Open(_)) || uuid::Uuid::try_parse(ask.id()).is_ok_and(|id| !id.is_nil() && !id.is_max());
    id && match ask {
        Ask::Post(post) => posting(post),
        Ask::PostPending(post) => {
            post.transfer_no > 0 && (post.amount == 0 || amount(post.amount)) && kind(&post.kind) && fields(&post.request_fields)
        }
        Ask::VoidPending(void) => void.transfer_no > 0 && kind(&void.kind) && fields(&void.request_fields),
        Ask::Reverse(reverse) => {
            uuid::Uuid::try_parse(&reverse.posting_id).is_ok() && kind(&reverse.kind) && fields(&reverse.request_fields)
        }
        Ask::SetState(set) => unit(&set.account).is_some() && set.state != 0,
        Ask::Open(open) => !open.accounts.is_empty() && open.accounts.iter().all(|name| unit(name).is_some()),
    }
}

/// Whether a transfer is the rest of an earlier `up_to` transfer, in the same unit, taken once.
fn rest(before: &[pb::Transfer], transfer: &pb::Transfer) -> bool {
    let of = usize::try_from(transfer.rest_of).ok().and_then(|of| before.get(of.wrapping_sub(1)));
    of.is_some_and(|of| of.up_to && unit(&of.debit_account) == unit(&transfer.debit_account))
        && before.iter().all(|other| other.rest_of != transfer.rest_of)
}

fn posting(post: &pb::PostRequest) -> bool {
    let transfer = |(at, transfer): (usize, &pb::Transfer)| {
        let (debit, credit) = (unit(&transfer.debit_account), unit(&transfer.credit_account));
        let fits =
            if transfer.rest_of == 0 { amount(transfer.amount) } else { transfer.amount == 0 && rest(&post.transfers[..at], transfer) };
        let floor = !(transfer.up_to && transfer.allow_debt);
        let ends = transfer.expire_time.is_none() || transfer.pending;
        debit.is_some() && debit == credit && transfer.debit_account != transfer.credit_account && fits && floor && ends
    };
    let guard = |(at, guard): (usize, &pb::Guard)| {
        let fits = match guard.operation {
            Some(Operation::AdvanceTo(to)) => to >= 0,
            Some(Operation::CapAt(cap)) => cap >= 0,
            Some(Operation::Add(by)) => by != 0 && (-AMOUNT_MAX..=AMOUNT_MAX).contains(&by),
            Some(Operation::CompareAndSet(_)) => true,
            None => false,
        };
        fits && !guard.key.is_empty() && post.guards[..at].iter().all(|earlier| earlier.key != guard.key)
    };
    let advancing = post.guards.iter().filter(|guard| matches!(guard.operation, Some(Operation::AdvanceTo(_)))).count();
    kind(&post.kind)
        && fields(&post.request_fields)
        && post.transfers.len() <= 64
        && post.transfers.iter().enumerate().all(transfer)
        && post.guards.len() <= 8
        && post.guards.iter().enumerate().all(guard)
        && advancing <= 1
        && !(post.transfers.is_empty() && post.guards.is_empty() && post.refusal.is_empty())
}
