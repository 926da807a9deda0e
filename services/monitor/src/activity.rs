//! A user's whole money life, the newest first, merged over all books of the caller's token. It is read from the entries of the user's accounts and from what has no posting
//! yet; nothing is stored for it.
//!
//! Each source is in the order of its time, and so is the list; the place of a line in the list is therefore also a place in every source.
use crate::{
    audit::ReadFault,
    error::ForeignPosition,
    explain::{StoryScope, StoryTables, StoryTeller, gift_names::ServedNames, summaries::IdKind, tellers},
};
use books::{
    domain::{account::BookAccount, event::TransferKind},
    read::{self, AccountEntry, EntryFilter, EntryListing, PageError},
};
use chart::{PostingKind, Unit, owned::names_of};
use money::UserKey;
use payout::tables::{PageStart, PayoutKey};
use purchase::tables::PurchaseState;
use rpc::{page::PagePosition, wire::TimeRange};
use std::{cmp::Reverse, collections::HashMap};
use uuid::Uuid;

/// The sources of a book that are no accounts; accounts' keys are positive and far below.
const PURCHASES: i64 = i64::MAX - 1;
const PAYOUTS: i64 = i64::MAX;

/// Where a line is in the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ActivityPosition {
    /// In microseconds since the Unix epoch.
    time: i64,
    /// The book's key.
    book: i64,
    /// The account's key, or another source.
    source: i64,
    /// The transfer's number or the thing's id.
    id: Uuid,
}

impl ActivityPosition {
    /// The newest come first; at the same time, the sources one after the other.
    fn order(&self) -> (Reverse<i64>, i64, i64, Reverse<Uuid>) {
        (Reverse(self.time), self.book, self.source, Reverse(self.id))
    }
}

impl PagePosition for ActivityPosition {
    fn write(&self, token: &mut Vec<u8>) {
        ((self.time, self.book), (self.source, self.id)).write(token);
    }

    fn read(token: &mut &[u8]) -> Option<Self> {
        let ((time, book), (source, id)) = PagePosition::read(token)?;
        Some(Self { time, book, source, id })
    }
}

/// How far a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ActivityStanding {
    Posted,
    Held,
    Released,
    Waiting,
    Blocked,
}

/// A line of a user's activity.
#[derive(Debug, Clone)]
pub(crate) struct ActivityFound {
    pub(crate) position: ActivityPosition,
    pub(crate) book: String,
    pub(crate) kind: String,
    pub(crate) told: String,
    pub(crate) unit: String,
    pub(crate) amount: i64,
    pub(crate) balance_after: Option<i64>,
    pub(crate) standing: ActivityStanding,
    pub(crate) case_state: String,
    pub(crate) case_id: String,
    pub(crate) case_kind: IdKind,
    pub(crate) account: String,
    pub(crate) posting_id: String,
}

impl ActivityFound {
    /// In microseconds since the Unix epoch.
    pub(crate) fn time(&self) -> i64 {
        self.position.time
    }
}

/// A page of a source: after which position of the list it begins, and how many lines it has at most.
#[derive(Clone, Copy)]
struct SourcePage {
    after: Option<ActivityPosition>,
    rows: usize,
}

/// A user, and the users of books who are the same person.
pub(crate) struct ActivityUsers {
    pub(crate) user: UserKey,
    /// Book and user.
    pub(crate) linked: Vec<(String, UserKey)>,
}

impl ActivityUsers {
    /// Those of a book, each once.
    fn in_book<'a>(&'a self, book: &str) -> Vec<&'a UserKey> {
        let mut users = vec![&self.user];
        for (_, user) in self.linked.iter().filter(|(of, _)| of == book) {
            if !users.contains(&user) {
                users.push(user);
            }
        }
        users
    }
}

/// Whose activity is read, and by whom.
#[derive(Clone, Copy)]
pub(crate) struct ActivityAsked<'a> {
    pub(crate) users: &'a ActivityUsers,
    /// Whether the user reads it: they are not told what their money was blocked for.
    pub(crate) own: bool,
    /// Only lines of this time.
    pub(crate) times: TimeRange,
    pub(crate) after: Option<ActivityPosition>,
    pub(crate) rows: usize,
}

/// The lines after the position, in their order; more than `rows` of them if the list continues.
pub(crate) async fn activity(tables: &StoryTables, scope: &StoryScope, asked: ActivityAsked<'_>) -> Result<Vec<ActivityFound>, ReadFault> {
    let ActivityAsked { users, own, times, after, rows } = asked;
    let page = SourcePage { after, rows };
    let mut found = Vec::new();
    for teller in tellers(tables, scope).await? {
        let reader = ActivityReader { teller: &teller, own, times, names: teller.gift_names().await? };
        let mut of_book = Vec::new();
        for user in users.in_book(&teller.book.name) {
            for account in teller.accounts_named(&names_of(user)).await? {
                of_book.extend(reader.entries(&account, page).await?);
            }
            // Rows of several users are one source: they are in one order, and a page goes on after its last row whosever that is.
            of_book.extend(reader.purchases(user, page).await?);
            of_book.extend(reader.payouts(user, page).await?);
        }
        // Rows of both come until a time, and entries from one time until another.
        of_book.retain(|line| line.position.time >= micros(times.from_ms));
        of_book.sort_by_key(|line| line.position.order());
        // States are read only of lines that may be shown.
        of_book.truncate(rows);
        reader.add_states(&mut of_book).await?;
        found.extend(of_book);
    }
    found.sort_by_key(|line| line.position.order());
    Ok(found)
}

struct ActivityReader<'a> {
    teller: &'a StoryTeller,
    own: bool,
    times: TimeRange,
    names: &'a ServedNames,
}

impl ActivityReader<'_> {
    fn source(&self, key: i64) -> (i64, i64) {
        (self.teller.book.key, key)
    }

    /// The listing of an account's entries that come after the position; `None` if there are none.
    async fn listing(&self, account: &BookAccount, page: SourcePage) -> Result<Option<EntryListing>, ReadFault> {
        let TimeRange { from_ms, until_ms } = self.times;
        let from = (from_ms > i64::MIN).then(|| micros(from_ms));
        let booked = |until: Option<i64>| EntryFilter { booked: (from, until), ..EntryFilter::default() };
        let filter = booked((until_ms < i64::MAX).then(|| micros(until_ms)));
        let mut listing = EntryListing { limit: page.rows.max(1), filter, ..EntryListing::default() };
        let Some(after) = page.after else { return Ok(Some(listing)) };
        if (after.book, after.source) != self.source(account.key) {
            // Of the lines of the position's own time, those of sources before its own were shown.
            let until = if self.source(account.key) < (after.book, after.source) { after.time } else { after.time.saturating_add(1) };
            listing.filter = booked(Some(until.min(micros(until_ms))));
            return Ok(Some(listing));
        }
        let number = i64::try_from(after.id.as_u128()).map_err(|_| ForeignPosition)?;
        let shown = self.teller.store.transfers(self.teller.book.key, number, 1).await?.into_iter().next();
        let shown = shown.filter(|transfer| transfer.no == number).ok_or(ForeignPosition)?;
        listing.place = match account.key {
            key if key == shown.debit => shown.debit_prev,
            key if key == shown.credit => shown.credit_prev,
            _ => return Err(ForeignPosition.into()),
        };
        Ok((listing.place > 0).then_some(listing))
    }

    async fn entries(&self, account: &BookAccount, page: SourcePage) -> Result<Vec<ActivityFound>, ReadFault> {
        let Some(listing) = self.listing(account, page).await? else { return Ok(Vec::new()) };
        let read = read::entries(&*self.teller.store, self.teller.book.key, account, None, &listing).await;
        let (entries, _) = read.map_err(|fault| match fault {
            PageError::Place => ReadFault::from(ForeignPosition),
            PageError::Store(fault) => fault.into(),
        })?;
        Ok(entries.iter().filter_map(|entry| self.line(account, entry)).collect())
    }

    fn line(&self, account: &BookAccount, entry: &AccountEntry) -> Option<ActivityFound> {
        let posting = &entry.posting;
        let moved = &posting.transfers.first()?.transfer;
        let (standing, amount) = match moved.kind {
            TransferKind::Posted | TransferKind::PostOfPending if moved.debit == account.key => (ActivityStanding::Posted, -moved.amount),
            TransferKind::Posted | TransferKind::PostOfPending => (ActivityStanding::Posted, moved.amount),
            TransferKind::Pending => (ActivityStanding::Held, moved.amount),
            TransferKind::VoidOfPending | TransferKind::ExpiryOfPending => (ActivityStanding::Released, moved.amount),
        };
        let field = |name: &str| posting.fields.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value);
        let (case_kind, case_id) = case_of(&posting.kind, &field, posting.id);
        let kind = if self.own { kind_for_user(&posting.kind) } else { &posting.kind };
        Some(ActivityFound {
            position: ActivityPosition {
                time: posting.commit_time,
                book: self.teller.book.key,
                source: account.key,
                id: Uuid::from_u128(u128::try_from(moved.no).ok()?),
            },
            book: self.teller.book.name.clone(),
            told: told(kind, || self.names.gift(field("quantity"), field("gift_id"), posting.commit_time), &field),
            kind: kind.to_owned(),
            unit: account.unit.to_string(),
            amount,
            balance_after: Some(entry.balance_after),
            standing,
            case_state: String::new(),
            case_id,
            case_kind,
            account: account.name.to_string(),
            posting_id: posting.id.to_string(),
        })
    }

    /// Where the rows of another source begin, by Unix milliseconds and id, of which only older ones come.
    fn before(&self, key: i64, page: SourcePage) -> (i64, Uuid) {
        let Some(after) = page.after else {
            let id = if self.times.until_ms < i64::MAX { Uuid::nil() } else { Uuid::max() };
            return (self.times.until_ms, id);
        };
        let ms = after.time.div_euclid(1_000);
        match self.source(key).cmp(&(after.book, after.source)) {
            std::cmp::Ordering::Equal => (ms, after.id),
            // Rows have whole milliseconds, and entries have microseconds.
            std::cmp::Ordering::Less if after.time.rem_euclid(1_000) == 0 => (ms, Uuid::nil()),
            std::cmp::Ordering::Less | std::cmp::Ordering::Greater => (ms.saturating_add(1), Uuid::nil()),
        }
    }

    async fn purchases(&self, user: &UserKey, page: SourcePage) -> Result<Vec<ActivityFound>, ReadFault> {
        let Some(tables) = &self.teller.purchase else { return Ok(Vec::new()) };
        let rows = i64::try_from(page.rows).unwrap_or(i64::MAX);
        let (before_ms, before_id) = self.before(PURCHASES, page);
        let mut found = tables.uncredited_of(&self.teller.name, user, before_ms, before_id, rows).await?;
        // Their coins are in no account of the user, whose wallet was closed.
        found.extend(tables.suspended_of(&self.teller.name, user, before_ms, before_id, rows).await?);
        let line = |purchase: purchase::tables::Purchase| {
            let (coins, price) = (purchase.value.coins.get(), purchase.value.price);
            let (standing, state) = match purchase.state {
                PurchaseState::Blocked => (ActivityStanding::Blocked, "blocked"),
                PurchaseState::Suspended { .. } => (ActivityStanding::Blocked, "suspended"),
                PurchaseState::Verified | PurchaseState::Credited(_) => (ActivityStanding::Waiting, "verified"),
            };
            ActivityFound {
                told: format!("{} for {price}", Unit::Coin.amount_text(coins)),
                unit: Unit::Coin.to_string(),
                amount: coins,
                standing,
                case_state: state.to_owned(),
                ..self.unposted(PURCHASES, IdKind::Purchase, "purchase", purchase.created_at_ms, purchase.purchase_id)
            }
        };
        Ok(found.into_iter().map(line).collect())
    }

    async fn payouts(&self, user: &UserKey, page: SourcePage) -> Result<Vec<ActivityFound>, ReadFault> {
        let Some(tables) = &self.teller.payout else { return Ok(Vec::new()) };
        let rows = i64::try_from(page.rows).unwrap_or(i64::MAX);
        let (created_at_ms, id) = self.before(PAYOUTS, page);
        let found = tables.unheld_of(&self.teller.name, user, PageStart { created_at_ms, id }, rows).await?;
        let line = |payout: payout::tables::Payout| ActivityFound {
            told: format!("{} over {}", payout.amount, payout.attempt.rail),
            unit: payout.amount.currency().code().to_owned(),
            amount: -payout.amount.minor_units(),
            standing: ActivityStanding::Waiting,
            case_state: payout.state.name().to_owned(),
            ..self.unposted(PAYOUTS, IdKind::Payout, "payout", payout.created_at_ms, payout.payout_id)
        };
        Ok(found.into_iter().map(line).collect())
    }

    fn unposted(&self, source: i64, case_kind: IdKind, kind: &str, at_ms: i64, id: Uuid) -> ActivityFound {
        ActivityFound {
            position: ActivityPosition { time: at_ms.saturating_mul(1_000), book: self.teller.book.key, source, id },
            book: self.teller.book.name.clone(),
            kind: kind.to_owned(),
            told: String::new(),
            unit: String::new(),
            amount: 0,
            balance_after: None,
            standing: ActivityStanding::Waiting,
            case_state: String::new(),
            case_id: id.to_string(),
            case_kind,
            account: String::new(),
            posting_id: String::new(),
        }
    }

    /// Adds the state of each payout that lines belong to; a hold does not name its payout, but the payout names its hold.
    async fn add_states(&self, lines: &mut [ActivityFound]) -> Result<(), ReadFault> {
        let Some(tables) = &self.teller.payout else { return Ok(()) };
        let mut known: HashMap<String, Option<(String, &'static str)>> = HashMap::new();
        for line in lines.iter_mut().filter(|line| line.case_kind == IdKind::Payout && line.case_state.is_empty()) {
            if !known.contains_key(&line.case_id) {
                let id = Uuid::try_parse(&line.case_id)?;
                let of = if line.case_id == line.posting_id {
                    tables.looked_up(&self.teller.name, id).await?.pop()
                } else {
                    tables.payout(&PayoutKey { book: self.teller.name.clone(), payout_id: id }).await?
                };
                known.insert(line.case_id.clone(), of.map(|payout| (payout.payout_id.to_string(), payout.state.name())));
            }
            match known.get(&line.case_id) {
                Some(Some((payout_id, state))) => (line.case_id, line.case_state) = (payout_id.clone(), (*state).to_owned()),
                _ => line.case_kind = IdKind::Posting,
            }
        }
        Ok(())
    }
}

/// Milliseconds as microseconds.
fn micros(ms: i64) -> i64 {
    ms.saturating_mul(1_000)
}

/// The case that a posting belongs to.
fn case_of<'a>(kind: &str, field: &impl Fn(&str) -> &'a str, posting: Uuid) -> (IdKind, String) {
    let (of, name) = match kind.split('.').next() {
        Some("purchase" | "refund" | "dispute" | "receipt") => (IdKind::Purchase, "purchase_id"),
        Some("conversion") => (IdKind::Quote, "quote_id"),
        Some("payout") => (IdKind::Payout, "payout_id"),
        Some("gift") => return (IdKind::Gift, posting.to_string()),
        _ => return (IdKind::Posting, posting.to_string()),
    };
    match Uuid::try_parse(field(name)) {
        Ok(id) => (of, id.to_string()),
        Err(_) if of == IdKind::Payout => (of, posting.to_string()),
        Err(_) => (IdKind::Posting, posting.to_string()),
    }
}

/// The kind that a user is shown: that money was blocked because of a list of sanctions, the person on it must not learn from us. It came back, as after any payout that
/// was not paid.
fn kind_for_user(kind: &str) -> &str {
    if kind == PostingKind::PayoutUnblock.name() || kind == PostingKind::PayoutBlock.name() {
        PostingKind::PayoutReject.name()
    } else {
        kind
    }
}

/// What a posting is, for its user.
fn told<'a>(kind: &str, gift: impl Fn() -> String, field: &impl Fn(&str) -> &'a str) -> String {
    if kind == PostingKind::Gift.name() { format!("{} in room {}", gift(), field("room_id")) } else { kind.replace(['.', '_'], " ") }
}
