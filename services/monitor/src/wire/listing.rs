//! ListPayments.
use crate::{
    error::Error,
    house::{HouseFilter, HouseMove, HousePage},
    listing::{ListedKind, ListedPage, ListedPayment, ListedPosition, ListingFilter, PaymentAccount},
};
use api::monitor::{ListPaymentsRequest, ListPaymentsResponse, Payment, PaymentKind};
use chart::{Account, Unit};
use money::{BookName, UserKey};
use rpc::{
    Violations,
    page::{PageSizes, PagedList},
    wire::{TimeRange, timestamp_ms},
};
use std::collections::BTreeSet;
use tonic::Status;

/// Payments of a page.
const SIZES: PageSizes = PageSizes { default: 50, max: 200 };
/// Names that a filter may have, and bytes of each.
const NAMES_MAX: usize = 32;
const NAME_BYTES_MAX: usize = 32;
/// What an account must be.
const ACCOUNT_MUST: &str = "must be a user's coins, or what is payable to a creator; or the company's with PAYMENT_KIND_HOUSE; ListEntries lists what moved others";

/// A request to list.
#[derive(Debug)]
pub struct ListingAsked {
    /// What to list.
    pub filter: ListingFilter,
    /// Where the page begins.
    pub after: Option<ListedPosition>,
    /// How many rows it has.
    pub size: usize,
    /// What moves between accounts of the company, instead.
    pub(crate) house: Option<HouseFilter>,
    list: PagedList,
}

/// Reads a request whose book was read from its name.
pub fn asked(book: Result<BookName, Status>, mut sent: ListPaymentsRequest) -> Result<ListingAsked, Error> {
    let mut wrong = Violations::default();
    let book = wrong.take(book);
    let kinds = wrong.take(kinds(&sent));
    let user = wrong.take(user(&sent.user_id));
    let states = wrong.take(names("states", &sent.states));
    let through = wrong.take(names("through", &sent.through));
    let range = wrong.take(TimeRange::read(["from", "to"], sent.from, sent.to));
    let size = wrong.take(SIZES.read(sent.page_size).map_err(|error| rpc::malformed("page_size", &error.to_string())));
    let least = wrong.take(least(&sent));
    let house = wrong.take(house(&sent));
    let account = if matches!(house, Some(None)) { wrong.take(account(&sent)) } else { Some(None) };
    let (Some(book), Some(kinds), Some(user), Some(states), Some(through)) = (book, kinds, user, states, through) else {
        return Err(Error::Violations(Box::new(wrong.into_status())));
    };
    let (Some(range), Some(size), Some(least), Some(account), Some(house)) = (range, size, least, account, house) else {
        return Err(Error::Violations(Box::new(wrong.into_status())));
    };
    let (user, account) = match account {
        Some((owner, account)) => (Some(owner), Some(account)),
        None => (user, None),
    };
    let token = std::mem::take(&mut sent.page_token);
    (sent.page_size, sent.book) = (0, String::new());
    let list = PagedList::of_request("ListPayments", book.as_str(), &sent);
    let after = list.position(&token).map_err(|_| Error::Violations(Box::new(rpc::errors::page_token())))?;
    // Nothing is older than the epoch, or has a time that an id can't have.
    let range = (range.from_ms.max(0), range.until_ms);
    let house = house.map(|account| {
        let (book, states, kinds) = (book.clone(), states.clone(), through.clone());
        HouseFilter { book, account, states, kinds, range, least }
    });
    Ok(ListingAsked { filter: ListingFilter { book, kinds, user, states, through, range, least, account }, after, size, house, list })
}

/// The account of the company whose entries are asked for; none: purchases and payouts are.
fn house(sent: &ListPaymentsRequest) -> Result<Option<String>, Status> {
    let is_house = |kind: &i32| PaymentKind::try_from(*kind) == Ok(PaymentKind::House);
    if !sent.kinds.iter().any(is_house) {
        return Ok(None);
    }
    if !sent.kinds.iter().all(is_house) {
        return Err(rpc::malformed("kinds", "must have PAYMENT_KIND_HOUSE alone"));
    }
    if !sent.user_id.is_empty() {
        return Err(rpc::malformed("user_id", "must be empty: what moves between accounts of the company is no user's"));
    }
    let is_known = Account::parse(&sent.account).is_some() && chart::account::is_house(&sent.account);
    if is_known { Ok(Some(sent.account.clone())) } else { Err(rpc::malformed("account", "must be an account of the company")) }
}

fn kinds(sent: &ListPaymentsRequest) -> Result<BTreeSet<ListedKind>, Status> {
    let kind = |kind: &i32| match PaymentKind::try_from(*kind) {
        Ok(PaymentKind::Purchase) => Ok(ListedKind::Purchase),
        Ok(PaymentKind::Payout) => Ok(ListedKind::Payout),
        Ok(PaymentKind::Unspecified | PaymentKind::House) | Err(_) => Err(rpc::malformed("kinds", "must be kinds of payments")),
    };
    sent.kinds.iter().filter(|kind| PaymentKind::try_from(**kind) != Ok(PaymentKind::House)).map(kind).collect()
}

fn user(sent: &str) -> Result<Option<UserKey>, Status> {
    if sent.is_empty() {
        return Ok(None);
    }
    UserKey::try_new(sent).map(Some).map_err(|error| rpc::malformed("user_id", &error.must()))
}

/// The unit and the smallest amount in it.
fn least(sent: &ListPaymentsRequest) -> Result<Option<(Unit, i64)>, Status> {
    if sent.amount_min < 0 {
        return Err(rpc::malformed("amount_min", "must be at least 0"));
    }
    match (sent.unit.as_str(), Unit::parse(&sent.unit)) {
        ("", _) if sent.amount_min == 0 => Ok(None),
        ("", _) => Err(rpc::malformed("unit", "must be set with amount_min")),
        (_, Some(unit @ (Unit::Coin | Unit::Currency(_)))) => Ok(Some((unit, sent.amount_min))),
        (_, Some(Unit::Diamond) | None) => Err(rpc::malformed("unit", "must be COIN or an ISO 4217 code")),
    }
}

/// An account and whose it is.
fn account(sent: &ListPaymentsRequest) -> Result<Option<(UserKey, PaymentAccount)>, Status> {
    if sent.account.is_empty() {
        return Ok(None);
    }
    let (owner, account) = match Account::parse(&sent.account) {
        Some(Account::ViewerCoins(owner)) => (owner, PaymentAccount::Coins),
        Some(Account::CreatorPayable(owner, currency)) => (owner, PaymentAccount::Payable(currency)),
        _ => return Err(rpc::malformed("account", ACCOUNT_MUST)),
    };
    if !sent.user_id.is_empty() && sent.user_id != owner.as_str() {
        return Err(rpc::malformed("account", "must be an account of user_id"));
    }
    let owner = UserKey::try_new(owner.as_str()).map_err(|error| rpc::malformed("account", &error.must()))?;
    Ok(Some((owner, account)))
}

fn names(field: &'static str, sent: &[String]) -> Result<BTreeSet<String>, Status> {
    if sent.len() > NAMES_MAX || sent.iter().any(|name| name.is_empty() || name.len() > NAME_BYTES_MAX) {
        return Err(rpc::malformed(field, "must be at most 32, each of 1 to 32 bytes"));
    }
    Ok(sent.iter().cloned().collect())
}

/// The answer.
pub fn page(asked: &ListingAsked, (found, next): ListedPage) -> ListPaymentsResponse {
    ListPaymentsResponse {
        payments: found.into_iter().map(payment).collect(),
        next_page_token: next.map(|position| asked.list.token(&position)).unwrap_or_default(),
    }
}

/// The answer with what moves between accounts of the company.
pub(crate) fn house_page(asked: &ListingAsked, (found, next): HousePage) -> ListPaymentsResponse {
    ListPaymentsResponse {
        payments: found.into_iter().map(moved).collect(),
        next_page_token: next.map(|position| asked.list.token(&position)).unwrap_or_default(),
    }
}

fn moved(of: HouseMove) -> Payment {
    Payment {
        kind: PaymentKind::House.into(),
        payment_id: of.posting_id.to_string(),
        state: of.state.to_owned(),
        time: Some(timestamp_ms(of.position.0)),
        currency: of.unit,
        minor_units: of.amount,
        through: of.kind,
        debit_account: of.debit,
        credit_account: of.credit,
        ..Payment::default()
    }
}

fn payment(of: ListedPayment) -> Payment {
    let kind = match of.kind {
        ListedKind::Purchase => PaymentKind::Purchase,
        ListedKind::Payout => PaymentKind::Payout,
    };
    let (unix_ms, id) = of.position;
    Payment {
        kind: kind.into(),
        payment_id: id.to_string(),
        user_id: of.user.to_string(),
        state: of.state.to_owned(),
        time: Some(timestamp_ms(unix_ms)),
        currency: of.currency,
        minor_units: of.minor_units,
        coins: of.coins,
        through: of.through,
        ..Payment::default()
    }
}
