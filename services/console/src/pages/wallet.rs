//! A user's wallet: the coins, what of them can be spent and why not more, where they came from and where they went, now and at any moment.
use super::holdings::{
    AskedHolder, GET_ACCOUNT, HeldView, MovedView, NEWEST, PagePart, RelatedView, held, is_user_unknown, limit_words, newest, part, some,
    state,
};
use crate::{
    answer::{ask_reason, failed, page, refused, without_frame},
    filters::Filters,
    frame::{LIST_ENTRIES, PageFrame},
    parts::{Console, ConsoleParts},
    view::{
        amounts::{amount, count, money},
        badges::{BadgeView, badge, word_of},
        facts::{FactView, saying},
        things::{self, UserLink},
        times::TimeView,
    },
    visitor::Visitor,
};
use api::{
    monitor::ThingKind,
    purchase::{CoinLot, GetWalletRequest, GetWalletResponse, ListLotsRequest, ListPurchasesRequest, Purchase, SpendingBound, WalletEvent},
};
use askama::Template;
use axum::{
    extract::{RawQuery, State},
    response::Response,
};
use chart::{Account, Unit};
use http::StatusCode;
use money::{UserKey, text::shown};
use tonic::Status;

const GET_WALLET: &str = "largesse.purchase.v1.PurchaseService/GetWallet";
const LIST_LOTS: &str = "largesse.purchase.v1.PurchaseService/ListLots";
const LIST_PURCHASES: &str = "largesse.purchase.v1.PurchaseService/ListPurchases";

/// Coins that came together.
struct LotView {
    time: TimeView,
    origin: String,
    coins: String,
    spent: String,
    left: String,
    price: String,
    /// The purchase; empty if they were not bought.
    href: String,
}

/// A purchase.
struct BoughtView {
    time: TimeView,
    coins: String,
    price: String,
    state: BadgeView,
    store: String,
    /// Why its coins are not there.
    waits: String,
    href: String,
}

/// A limit on what the user may pay.
struct BoundView {
    window: String,
    set_by: String,
    limit: String,
    spent: String,
    left: String,
    reset: TimeView,
}

/// That the wallet was closed, merged into another, or got everything of another.
struct WalletEventView {
    time: TimeView,
    what: String,
    /// Whose wallet the other one is; of a closure, whose this one is.
    other: UserLink,
}

/// What the wallet has now.
struct WalletView {
    coins: String,
    spendable: String,
    held: String,
    debt: String,
    state: BadgeView,
    /// Of which kinds the coins are, and what was paid for them.
    facts: Vec<FactView>,
    limits: Vec<String>,
    bounds: Vec<BoundView>,
    paused: TimeView,
    events: Vec<WalletEventView>,
}

/// The parts of the page that other calls give.
struct WalletParts {
    accounts: Vec<HeldView>,
    entries: PagePart<MovedView>,
    lots: PagePart<LotView>,
    bought: PagePart<BoughtView>,
}

#[derive(Template)]
#[template(path = "wallet.html")]
struct WalletPage {
    frame: PageFrame,
    id: String,
    at: String,
    related: Vec<RelatedView>,
    found: Option<(WalletView, WalletParts)>,
}

pub(crate) async fn show(State(console): State<Console>, visitor: Visitor, RawQuery(query): RawQuery) -> Response {
    let filters = Filters::read(query.unwrap_or_default().as_bytes());
    let mut frame = match PageFrame::load(&console, &visitor, "Wallet", &filters).await {
        Ok(frame) => frame,
        Err(why) => return without_frame(why, &visitor),
    };
    let asked = match AskedHolder::read(&frame.book, &filters) {
        Ok(asked) => asked,
        Err(why) => return failed(frame, StatusCode::BAD_REQUEST, "This can't be asked", why),
    };
    frame.keep("/wallet", &[("id", asked.id()), ("at", &asked.at)]);
    frame.calls = [GET_WALLET, LIST_LOTS, LIST_PURCHASES].map(|rpc| asked.call(&console, rpc)).to_vec();
    let Some(user) = asked.user.clone() else { return page(StatusCode::OK, &wallet(frame, &visitor, &asked, None)) };
    let coins = Account::viewer_coins(&user);
    frame.calls.extend([GET_ACCOUNT, LIST_ENTRIES].map(|rpc| asked.call_of(&console, rpc, &coins)));
    if !asked.is_covered(&console, &visitor) {
        frame.reason = None;
        return ask_reason(frame);
    }
    match load(&console, &visitor, &asked, &user).await {
        Ok(found) => page(StatusCode::OK, &wallet(frame, &visitor, &asked, Some(found))),
        // A name may be mistyped, or the user is known to other services alone: the other pages about them are still a click away.
        Err(status) if is_user_unknown(&status) => page(StatusCode::NOT_FOUND, &wallet(frame, &visitor, &asked, None)),
        Err(status) => refused(frame, &visitor, &status),
    }
}

fn wallet(frame: PageFrame, visitor: &Visitor, asked: &AskedHolder, found: Option<(WalletView, WalletParts)>) -> WalletPage {
    let related = if asked.user.is_some() { asked.related(visitor.person.role, "/wallet") } else { Vec::new() };
    WalletPage { frame, id: asked.id().to_owned(), at: asked.at.clone(), related, found }
}

async fn load(console: &ConsoleParts, visitor: &Visitor, asked: &AskedHolder, user: &UserKey) -> Result<(WalletView, WalletParts), Status> {
    let (book, user_id) = (asked.book.clone(), user.to_string());
    let mut client = console.more.purchase_client()?;
    let request = GetWalletRequest { book: book.clone(), user_id: user_id.clone(), market: String::new() };
    let found = client.get_wallet(visitor.request(request)).await?.into_inner();
    let lots = ListLotsRequest { book: book.clone(), user_id: user_id.clone(), page_size: NEWEST, page_token: String::new() };
    let bought = ListPurchasesRequest { book: book.clone(), user_id: user_id.clone(), page_size: NEWEST, ..Default::default() };
    let (mut lot_client, mut purchase_client) = (client.clone(), client);
    let (coins, debt) = (Account::viewer_coins(user), Account::viewer_debt(user));
    let (coins_held, debt_held, entries, lots, bought) = tokio::join!(
        held(console, visitor, asked, &coins),
        held(console, visitor, asked, &debt),
        newest(console, visitor, asked, &coins, ""),
        lot_client.list_lots(visitor.request(lots)),
        purchase_client.list_purchases(visitor.request(bought)),
    );
    let lots = lots.map(|answer| answer.into_inner().lots.iter().map(|found| lot(&book, found)).collect());
    let bought = bought.map(|answer| answer.into_inner().purchases.iter().map(|of| purchase(&book, of)).collect());
    let all = Filters::address("/purchases", &[("book", &*book), ("user", &user_id)]);
    let parts = WalletParts {
        accounts: vec![coins_held?, debt_held?],
        entries: entries?,
        lots: part(lots, String::new())?,
        bought: part(bought, all)?,
    };
    Ok((view(user.as_str(), &found), parts))
}

fn view(user: &str, of: &GetWalletResponse) -> WalletView {
    let unit = Unit::Coin.to_string();
    let spending = of.spending.clone().unwrap_or_default();
    let paid: Vec<String> =
        of.paid_for.iter().map(|paid| format!("{} for {} coins", money(paid.price.as_ref()), count(paid.coins))).collect();
    WalletView {
        coins: amount(&unit, of.coin_balance),
        spendable: amount(&unit, of.spendable_coins),
        held: amount(&unit, of.held_coins),
        debt: amount(&unit, of.debt_coins),
        state: state(of.account_state()),
        facts: saying([
            ("Paid coins", some(of.paid_coins)),
            ("Bonus coins", some(of.bonus_coins)),
            ("Given coins", some(of.promotional_coins)),
            ("Paid for them", shown(&paid.join(", ")).into_owned()),
            ("Days and months by", shown(&spending.time_zone).into_owned()),
        ]),
        limits: of.debit_limits.iter().map(|limit| limit_words(&unit, limit)).collect(),
        bounds: spending.bounds.iter().map(bound).collect(),
        paused: TimeView::of(spending.paused_until.as_ref()),
        events: of.events.iter().map(|happened| event(user, happened)).collect(),
    }
}

fn bound(bound: &SpendingBound) -> BoundView {
    let set_by = word_of(bound.set_by().as_str_name(), "SPENDING_LIMIT_SETTER_");
    BoundView {
        window: word_of(bound.window().as_str_name(), "SPENDING_WINDOW_"),
        set_by: format!("the {set_by}"),
        limit: bound.limit.as_ref().map_or_else(|| "none now".to_owned(), |limit| money(Some(limit))),
        spent: money(bound.spent.as_ref()),
        left: money(bound.left.as_ref()),
        reset: TimeView::of(bound.reset_time.as_ref()),
    }
}

/// What happened to this user's wallet. A merge is listed for both users, and the other one is where to look on.
fn event(user: &str, event: &WalletEvent) -> WalletEventView {
    let kind = word_of(event.kind().as_str_name(), "WALLET_CHANGE_KIND_");
    let stage = if event.done { "done" } else { "begun" };
    let receives = event.into_user_id == user && event.user_id != user;
    let other = if receives || event.into_user_id.is_empty() { &event.user_id } else { &event.into_user_id };
    let what = match (receives, event.done) {
        (true, true) => "another wallet was merged into it".to_owned(),
        (true, false) => "another wallet is being merged into it".to_owned(),
        (false, _) => format!("{kind}, {stage}"),
    };
    WalletEventView {
        time: TimeView::of(event.end_time.as_ref()),
        what,
        other: UserLink { user: shown(other).into_owned(), href: things::href(ThingKind::User, other, "") },
    }
}

fn purchase_href(book: &str, id: &str) -> String {
    if id.is_empty() { String::new() } else { Filters::address("/purchase", &[("id", id), ("book", book)]) }
}

fn lot(book: &str, lot: &CoinLot) -> LotView {
    LotView {
        time: TimeView::of(lot.issue_time.as_ref()),
        origin: word_of(lot.origin().as_str_name(), "LOT_ORIGIN_"),
        coins: count(lot.coins),
        spent: count(lot.coins_spent),
        left: count(lot.coins_left),
        price: money(lot.price.as_ref()),
        href: purchase_href(book, &lot.purchase_id),
    }
}

fn purchase(book: &str, of: &Purchase) -> BoughtView {
    BoughtView {
        time: TimeView::of(of.create_time.as_ref()),
        coins: count(of.coins),
        price: money(of.price.as_ref()),
        state: badge(&word_of(of.state().as_str_name(), "PURCHASE_STATE_")),
        store: word_of(of.store_kind().as_str_name(), "STORE_KIND_"),
        waits: shown(&of.blocked_by).into_owned(),
        href: purchase_href(book, &of.purchase_id),
    }
}

#[cfg(test)]
mod tests;
