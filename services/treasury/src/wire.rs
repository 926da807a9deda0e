//! Protobuf to domain and back. `reconciliation`: statements, cases and days. `migration`: old accounts.
pub mod allocations;
pub mod days;
pub mod migration;
pub mod moves;
pub mod proof;
pub mod receipts;
pub mod reconciliation;
pub mod reservations;
pub mod statement;
pub mod sweeps;

use crate::{
    domain::{FundsClass, LeafState, ListedAccount, NodeKind, Plan, Registration, Structure},
    error::Error,
    treasury::Balances,
};
use api::treasury::{
    FundsClass as FundsMessage, LeafState as StateMessage, ListVirtualAccountsRequest, PlanStructureResponse, StructureChange,
    VirtualAccount, VirtualAccountKind, VirtualBalance,
};
use jiff::civil::Date;
use money::BookName;
use rpc::{
    Violations,
    page::{PageSizes, PagedList},
};
use std::collections::BTreeMap;
use tonic::Status;

/// Changes that an answer shows: two screens of a careful reader. The hash covers all.
const CHANGES_SHOWN_MAX: usize = 1_000;
/// Numbers that a leaf of the list shows; a leaf may have thousands.
const NUMBERS_SHOWN_MAX: usize = 100;
/// Items of a page: a screen, and what fits into an answer with a hundred numbers each.
const PAGES: PageSizes = PageSizes { default: 200, max: 1_000 };

/// What a list asks for.
pub struct ListQuery {
    /// Only this physical account's tree, if not empty.
    pub physical_account: String,
    /// The day whose tree to list.
    pub on: Option<Date>,
    /// Items of a page.
    pub size: usize,
    /// The token of the page.
    pub page_token: String,
}

/// Reads a list's request.
pub fn list_query(request: ListVirtualAccountsRequest) -> Result<ListQuery, Error> {
    let mut wrong = Violations::default();
    let given = Some(request.on_date).filter(|text| !text.is_empty());
    let on = given.map(|text| moves::date("on_date", &text));
    let on = on.map(|read| wrong.take(read));
    let size = wrong.take(PAGES.read(request.page_size).map_err(|error| rpc::malformed("page_size", &error.to_string())));
    if !request.physical_account.is_empty() && !crate::domain::node::is_id(&request.physical_account) {
        wrong.add(rpc::malformed("physical_account", "must have 1 to 32 of the characters a to z, 0 to 9 and -"));
    }
    wrong.check().map_err(|status| Error::Violations(Box::new(status)))?;
    let (physical_account, page_token) = (request.physical_account, request.page_token);
    Ok(ListQuery { physical_account, on: on.flatten(), size: size.unwrap_or_default(), page_token })
}

/// The list that a page token is bound to: with the revision, because positions are those of one.
pub fn list(book: &BookName, query: &ListQuery, revision: i64) -> PagedList {
    let on = query.on.map(|on| on.to_string()).unwrap_or_default();
    PagedList::new("ListVirtualAccounts", book.as_str(), &[&query.physical_account, &on, &revision.to_string()])
}

/// A plan as its answer.
pub fn plan(plan: &Plan, hash: String) -> PlanStructureResponse {
    let shown = plan.changes.iter().take(CHANGES_SHOWN_MAX);
    let change = |change: &crate::domain::Change| StructureChange {
        id: change.id().to_owned(),
        kind: change.kind().to_owned(),
        text: change.text(),
    };
    PlanStructureResponse {
        hash,
        revision: plan.base,
        effective_date: plan.effective.to_string(),
        change_count: i64::try_from(plan.changes.len()).unwrap_or(i64::MAX),
        changes: shown.map(change).collect(),
    }
}

/// The hash of a plan as sent: 64 hexadecimal digits.
pub fn hash(text: &str) -> Result<&str, Status> {
    let known = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    match text.len() == 64 && text.bytes().all(known) {
        true => Ok(text),
        false => Err(rpc::malformed("hash", "must be the hash of a plan: 64 hexadecimal digits in lower case")),
    }
}

/// What the list shows of leaves besides the nodes themselves.
pub struct LeafDetails<'a> {
    numbers: BTreeMap<&'a str, Vec<&'a Registration>>,
    claims: BTreeMap<&'a str, Vec<String>>,
}

/// The numbers of each leaf, and the apps' books whose claims it covers.
pub fn leaf_details(structure: &Structure) -> LeafDetails<'_> {
    let mut details = LeafDetails { numbers: BTreeMap::new(), claims: BTreeMap::new() };
    for registration in structure.numbers.values() {
        details.numbers.entry(registration.leaf.as_str()).or_default().push(registration);
    }
    for (key, leaf) in &structure.claims {
        details.claims.entry(leaf).or_default().push(key.app.clone());
    }
    details
}

/// An item of the list.
pub fn virtual_account(listed: &ListedAccount<'_>, details: &LeafDetails<'_>, balances: &Balances) -> VirtualAccount {
    let account = listed.account;
    let balance = VirtualBalance {
        booked_minor_units: listed.sums.booked,
        pending_debit_minor_units: listed.sums.pending_debits,
        pending_credit_minor_units: listed.sums.pending_credits,
        cash_minor_units: if listed.node.is_none() { balances.cash.get(&account.id).copied().unwrap_or_default() } else { 0 },
    };
    let root = VirtualAccount {
        id: account.id.clone(),
        kind: VirtualAccountKind::Physical.into(),
        physical_account: account.id.clone(),
        depth: i32::try_from(listed.depth).unwrap_or(i32::MAX),
        name: account.name.clone(),
        entity: account.entity.clone(),
        currency_code: account.currency.code().to_owned(),
        funds_class: if account.client_money { FundsMessage::Client } else { FundsMessage::Unspecified }.into(),
        balance: Some(balance),
        ..VirtualAccount::default()
    };
    let Some(node) = listed.node else { return root };
    let own = details.numbers.get(node.id.as_str()).map(Vec::as_slice).unwrap_or_default();
    let kind = match node.kind {
        NodeKind::Summary { .. } => VirtualAccountKind::Summary,
        NodeKind::Leaf(_) => VirtualAccountKind::Leaf,
    };
    VirtualAccount {
        id: node.id.clone(),
        kind: kind.into(),
        parent: node.parent.clone(),
        name: node.name.clone(),
        entity: node.entity.clone(),
        level: node.level.map_or("", |level| level.name()).to_owned(),
        funds_class: funds(node.funds()).into(),
        state: node.leaf().map_or(StateMessage::Unspecified, |leaf| state(leaf.state)).into(),
        standard: node.standard().map_or("", |standard| standard.name()).to_owned(),
        uses: node.leaf().map(|leaf| leaf.uses.iter().map(|one| one.name().to_owned()).collect()).unwrap_or_default(),
        numbers: own.iter().take(NUMBERS_SHOWN_MAX).map(|registration| registration.number.clone()).collect(),
        number_count: i32::try_from(own.len()).unwrap_or(i32::MAX),
        claims: details.claims.get(node.id.as_str()).cloned().unwrap_or_default(),
        ..root
    }
}

fn funds(class: Option<FundsClass>) -> FundsMessage {
    match class {
        None => FundsMessage::Unspecified,
        Some(FundsClass::Own) => FundsMessage::Own,
        Some(FundsClass::Client) => FundsMessage::Client,
        Some(FundsClass::Blocked) => FundsMessage::Blocked,
    }
}

fn state(state: LeafState) -> StateMessage {
    match state {
        LeafState::PendingOpen => StateMessage::PendingOpen,
        LeafState::Open => StateMessage::Open,
        LeafState::PendingClose => StateMessage::PendingClose,
        LeafState::Closed => StateMessage::Closed,
    }
}
