//! ListPayments.
use crate::{
    error::Error,
    listing::{ListedKind, ListedPage, ListedPayment, ListedPosition, ListingFilter},
};
use api::monitor::{ListPaymentsRequest, ListPaymentsResponse, Payment, PaymentKind};
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

/// A request to list.
#[derive(Debug)]
pub struct ListingAsked {
    /// What to list.
    pub filter: ListingFilter,
    /// Where the page begins.
    pub after: Option<ListedPosition>,
    /// How many rows it has.
    pub size: usize,
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
    let (Some(book), Some(kinds), Some(user), Some(states), Some(through)) = (book, kinds, user, states, through) else {
        return Err(Error::Violations(Box::new(wrong.into_status())));
    };
    let (Some(range), Some(size)) = (range, size) else { return Err(Error::Violations(Box::new(wrong.into_status()))) };
    let token = std::mem::take(&mut sent.page_token);
    (sent.page_size, sent.book) = (0, String::new());
    let list = PagedList::of_request("ListPayments", book.as_str(), &sent);
    let after = list.position(&token).map_err(|_| Error::Violations(Box::new(rpc::errors::page_token())))?;
    // Nothing is older than the epoch, or has a time that an id can't have.
    let range = (range.from_ms.max(0), range.until_ms);
    Ok(ListingAsked { filter: ListingFilter { book, kinds, user, states, through, range }, after, size, list })
}

fn kinds(sent: &ListPaymentsRequest) -> Result<BTreeSet<ListedKind>, Status> {
    let kind = |kind: &i32| match PaymentKind::try_from(*kind) {
        Ok(PaymentKind::Purchase) => Ok(ListedKind::Purchase),
        Ok(PaymentKind::Payout) => Ok(ListedKind::Payout),
        Ok(PaymentKind::Unspecified) | Err(_) => Err(rpc::malformed("kinds", "must be kinds of payments")),
    };
    sent.kinds.iter().map(kind).collect()
}

fn user(sent: &str) -> Result<Option<UserKey>, Status> {
    if sent.is_empty() {
        return Ok(None);
    }
    UserKey::try_new(sent).map(Some).map_err(|error| rpc::malformed("user_id", &error.must()))
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
    }
}
