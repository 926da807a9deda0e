//! One purchase: the receipt, the coins and their price, what is left of them, what they funded, and what was paid back.
use super::purchases::GET_PURCHASE;
use crate::{
    answer::{ask_reason, page, refused, without_frame},
    filters::Filters,
    frame::PageFrame,
    parts::{Console, ConsoleParts},
    view::{
        amounts::{count, money},
        badges::{BadgeView, badge, word_of},
        calls::CallView,
        facts::{FactView, joined, saying},
        things::{self, UserLink},
        times::TimeView,
    },
    visitor::Visitor,
};
use api::{
    ledger::PostingStanding,
    monitor::ThingKind,
    purchase::{
        CoinLot, GetLotFundingRequest, GetLotFundingResponse, GetPurchaseRequest, GetPurchaseResponse, LotFunding, PurchaseRefund,
        StoreReport,
    },
};
use askama::Template;
use axum::{
    extract::{RawQuery, State},
    response::{IntoResponse as _, Redirect, Response},
};
use http::StatusCode;
use money::text::shown;
use serde_json::json;

const GET_LOT_FUNDING: &str = "largesse.purchase.v1.PurchaseService/GetLotFunding";
/// Postings that took its coins, of a page.
const FUNDED: i32 = 50;

/// A refund.
struct BackView {
    time: TimeView,
    ended: TimeView,
    state: BadgeView,
    amount: String,
    coins: String,
    by: String,
    id: String,
}

/// What the store reported on its own.
struct ReportView {
    time: TimeView,
    kind: String,
    state: String,
    note: String,
}

/// What took coins of its lot.
struct FundedView {
    time: TimeView,
    creator: UserLink,
    coins: String,
    what: &'static str,
    revenue: String,
    posting: String,
    href: String,
}

#[derive(Template)]
#[template(path = "purchase.html")]
struct ReceiptPage {
    frame: PageFrame,
    id: String,
    state: BadgeView,
    words: String,
    coins: String,
    left: String,
    price: String,
    user: UserLink,
    case: String,
    receipt: Vec<FactView>,
    lot: Vec<FactView>,
    refunds: Vec<BackView>,
    reports: Vec<ReportView>,
    funded: Vec<FundedView>,
    /// What the funding can't be shown for; empty if it is shown.
    no_funding: String,
    more: String,
}

pub(crate) async fn show(State(console): State<Console>, visitor: Visitor, RawQuery(query): RawQuery) -> Response {
    let filters = Filters::read(query.unwrap_or_default().as_bytes());
    let mut frame = match PageFrame::load(&console, &visitor, "Purchase", &filters).await {
        Ok(frame) => frame,
        Err(why) => return without_frame(why, &visitor),
    };
    let (book, purchase_id) = (frame.book.clone(), filters.get("id").to_owned());
    if purchase_id.is_empty() {
        return Redirect::to(&Filters::address("/purchases", &[("book", &book)])).into_response();
    }
    frame.keep("/purchases", &[]);
    let message = json!({"book": book, "purchaseId": purchase_id});
    frame.calls = [GET_PURCHASE, GET_LOT_FUNDING].map(|rpc| CallView::new(&console.target, rpc, &message)).to_vec();
    if visitor.reason.is_none() {
        return ask_reason(frame);
    }
    let request = GetPurchaseRequest { book: book.clone(), purchase_id: purchase_id.clone(), ..GetPurchaseRequest::default() };
    let found = match console.more.purchase_client() {
        Ok(mut client) => client.get_purchase(visitor.request(request)).await,
        Err(status) => Err(status),
    };
    let found = match found {
        Ok(answer) => answer.into_inner(),
        Err(status) => return refused(frame, &visitor, &status),
    };
    // Whom it concerns is known now; a reason that was for somebody else shows nothing of it.
    let user = found.purchase.as_ref().map(|purchase| purchase.user_id.clone()).unwrap_or_default();
    if !console.sessions.covers(&visitor.secret, &[&user]) {
        frame.reason = None;
        return ask_reason(frame);
    }
    let asked = GetLotFundingRequest { book, purchase_id, page_size: FUNDED, page_token: filters.get("page").to_owned() };
    let funding = if found.lot.is_some() { load_funding(&console, &visitor, asked).await } else { Ok(GetLotFundingResponse::default()) };
    match funding {
        Err(status) if !filters.get("page").is_empty() => refused(frame, &visitor, &status),
        funding => page(StatusCode::OK, &purchase(frame, &found, funding)),
    }
}

async fn load_funding(
    console: &ConsoleParts,
    visitor: &Visitor,
    asked: GetLotFundingRequest,
) -> Result<GetLotFundingResponse, tonic::Status> {
    Ok(console.more.purchase_client()?.get_lot_funding(visitor.request(asked)).await?.into_inner())
}

fn purchase(frame: PageFrame, found: &GetPurchaseResponse, funding: Result<GetLotFundingResponse, tonic::Status>) -> ReceiptPage {
    let of = found.purchase.clone().unwrap_or_default();
    let word = word_of(of.state().as_str_name(), "PURCHASE_STATE_");
    let (funding, no_funding) = match funding {
        Ok(funding) => (funding, String::new()),
        Err(status) => (GetLotFundingResponse::default(), crate::answer::in_words(&status)),
    };
    let next = &funding.next_page_token;
    let more = Filters::address("/purchase", &[("id", &of.purchase_id), ("book", &frame.book), ("page", next)]);
    ReceiptPage {
        words: words(&word, &of.blocked_by, found.posting_standing()),
        state: badge(&word),
        coins: count(of.coins),
        left: of.coins_left.map(count).unwrap_or_default(),
        price: money(of.price.as_ref()),
        user: UserLink { user: shown(&of.user_id).into_owned(), href: things::href(ThingKind::User, &of.user_id, "") },
        case: things::href(ThingKind::Purchase, &of.purchase_id, &frame.book),
        receipt: receipt(&of),
        lot: found.lot.as_ref().map(lot).unwrap_or_default(),
        refunds: of.refunds.iter().map(refund).collect(),
        reports: found.store_reports.iter().map(report).collect(),
        funded: funding.funding.iter().map(|row| funded(&frame.book, row)).collect(),
        no_funding,
        more: if next.is_empty() { String::new() } else { more },
        id: shown(&of.purchase_id).into_owned(),
        frame,
    }
}

/// What the state means for the buyer, in a sentence.
fn words(state: &str, blocked_by: &str, standing: PostingStanding) -> String {
    let because = if blocked_by.is_empty() { String::new() } else { format!(" It waits because: {}.", shown(blocked_by)) };
    match state {
        "verified" => format!("The receipt is valid, and the coins are not credited yet.{because}"),
        "credited" if standing == PostingStanding::Reversed => "The coins were credited, and that was reversed.".to_owned(),
        "credited" => "The coins are in the wallet.".to_owned(),
        "suspended" => "The wallet is closed: the coins are in suspense, and staff decide.".to_owned(),
        "blocked" => format!("The sale can't be booked; staff decide.{because}"),
        _ => String::new(),
    }
}

fn receipt(of: &api::purchase::Purchase) -> Vec<FactView> {
    let text = |text: &str| shown(text).into_owned();
    let environment = word_of(of.store_environment().as_str_name(), "STORE_ENVIRONMENT_");
    let attempts = if of.attempts > 0 && !of.blocked_by.is_empty() { count(of.attempts) } else { String::new() };
    saying([
        ("Store", word_of(of.store_kind().as_str_name(), "STORE_KIND_")),
        ("Environment", if environment == "unspecified" { String::new() } else { environment }),
        ("Transaction", text(&of.transaction_id)),
        ("Product", text(&of.product_id)),
        ("Packages", count(i64::from(of.quantity))),
        ("Bought", TimeView::of(of.purchase_time.as_ref()).text),
        ("Verified here", TimeView::of(of.create_time.as_ref()).text),
        ("Tax in the price", money(of.tax.as_ref())),
        ("The receipt's own price", text(&of.stated_price)),
        ("Paid back", money(of.refunded.as_ref())),
        ("Coins taken back", if of.refunded_coins == 0 { String::new() } else { count(of.refunded_coins) }),
        ("Beyond a limit of the buyer", text(&of.over_limit).replace('_', " ").to_lowercase()),
        ("Failed attempts to credit", attempts),
        ("Posting", text(&of.posting_id)),
    ])
}

fn lot(lot: &CoinLot) -> Vec<FactView> {
    let some = |number: i64| if number == 0 { String::new() } else { count(number) };
    saying([
        ("Lot", count(lot.lot_no)),
        ("Coins", count(lot.coins)),
        ("Of these a bonus", some(lot.bonus_coins)),
        ("Spent", count(lot.coins_spent)),
        ("Left", count(lot.coins_left)),
        ("Forfeited", some(lot.coins_forfeited)),
        ("Became breakage", some(lot.coins_broken)),
        ("Price", money(lot.price.as_ref())),
        ("Tax", money(lot.tax.as_ref())),
        ("The store keeps", money(lot.commission.as_ref())),
        ("Market", shown(&lot.market).into_owned()),
    ])
}

fn refund(refund: &PurchaseRefund) -> BackView {
    BackView {
        time: TimeView::of(refund.create_time.as_ref()),
        ended: TimeView::of(refund.end_time.as_ref()),
        state: badge(&word_of(refund.state().as_str_name(), "REFUND_STATE_")),
        amount: money(refund.amount.as_ref()),
        coins: count(refund.coins),
        by: word_of(refund.started_by().as_str_name(), "REFUND_STARTER_"),
        id: shown(&refund.refund_id).into_owned(),
    }
}

fn report(report: &StoreReport) -> ReportView {
    ReportView {
        time: TimeView::of(report.receive_time.as_ref()),
        kind: joined([&report.kind, &report.subtype].map(|text| shown(text).into_owned()), " "),
        state: shown(&report.state).replace('_', " "),
        note: shown(&report.note).into_owned(),
    }
}

fn funded(book: &str, funding: &LotFunding) -> FundedView {
    FundedView {
        time: TimeView::of(funding.spend_time.as_ref()),
        creator: UserLink { user: shown(&funding.creator_id).into_owned(), href: things::href(ThingKind::User, &funding.creator_id, "") },
        coins: count(funding.coins),
        what: if funding.spent { "spent" } else { "taken" },
        revenue: money(funding.revenue.as_ref()),
        posting: shown(&funding.posting_id).into_owned(),
        href: things::href(ThingKind::Unspecified, &funding.posting_id, book),
    }
}

#[cfg(test)]
mod tests {
    //! Unit tests of what is shown of a purchase.
    use super::*;
    use crate::pages::samples::{MARKUP, assert_text};
    use api::{purchase::Purchase, r#type::Money};

    #[test]
    fn markup_in_every_field_is_text() {
        let text = MARKUP.to_owned();
        let of = Purchase {
            purchase_id: text.clone(),
            user_id: text.clone(),
            transaction_id: text.clone(),
            product_id: text.clone(),
            posting_id: text.clone(),
            blocked_by: text.clone(),
            stated_price: text.clone(),
            attempts: 1,
            price: Some(Money { currency_code: text.clone(), minor_units: 1 }),
            refunds: vec![PurchaseRefund { refund_id: text.clone(), ..PurchaseRefund::default() }],
            state: api::purchase::PurchaseState::Verified.into(),
            ..Purchase::default()
        };
        let report =
            StoreReport { kind: text.clone(), subtype: text.clone(), state: text.clone(), note: text.clone(), ..Default::default() };
        let found = GetPurchaseResponse {
            purchase: Some(of),
            lot: Some(CoinLot { market: text.clone(), ..CoinLot::default() }),
            store_reports: vec![report],
            ..GetPurchaseResponse::default()
        };
        let funding = LotFunding { posting_id: text.clone(), creator_id: text.clone(), ..LotFunding::default() };
        let funding = GetLotFundingResponse { funding: vec![funding], next_page_token: text.clone(), ..Default::default() };
        assert_text(&purchase(PageFrame::bare("Purchase", None), &found, Ok(funding)), 14);
        let failed = purchase(PageFrame::bare("Purchase", None), &found, Err(tonic::Status::unavailable(text)));
        assert_text(&failed, 10);
    }

    #[test]
    fn what_a_state_means_is_said_in_a_sentence() {
        assert!(words("verified", "ACCOUNT_FROZEN: it is frozen", PostingStanding::Unspecified).contains("is frozen."));
        assert!(words("credited", "", PostingStanding::Reversed).contains("reversed"));
        assert_eq!(words("credited", "", PostingStanding::InForce), "The coins are in the wallet.");
    }
}
