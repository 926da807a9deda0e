//! The page that drives a sandbox: coins bought, a gift sent, what stores and banks do next. Only the console of a sandbox has it, and only TEST books are driven.
//!
//! Before anything happens it is noted in the audit log (`SupportService.NoteAct`), in the reader's own name and with their reason: what, and of whom. What can't
//! be noted does not happen. What names a user, a purchase or a payout looks that up first as well. The pretend bank and stores serve all books, so a scenario of
//! the bank without a payout, and how stores report, meet the next payment, or the reports, of any book.
//!
//! What was done is said once, on the page after the form, out of the session: an address that says it could be sent by anybody.
mod driving;

use crate::{
    answer::{ask_reason, failed, page, refused, without_frame},
    filters::Filters,
    frame::{LIST_GIFTS, LinkView, PageFrame},
    parts::{Console, ConsoleParts},
    playground::drives,
    session::DoneNote,
    view::{amounts::amount, calls::CallView, things},
    visitor::Visitor,
};
use api::{
    gift::{Gift, ListGiftsRequest},
    monitor::ThingKind,
    purchase::{CoinPackage, ListCoinPackagesRequest, SalesChannel},
};
use askama::Template;
use axum::{
    body::Bytes,
    extract::{RawQuery, State},
    response::{IntoResponse as _, Redirect, Response},
};
use driving::{DrivenThing, MARKET, NotDriven, ToDrive};
use http::StatusCode;
use money::text::shown;
use serde_json::json;
use tonic::Status;

const LIST_COIN_PACKAGES: &str = "largesse.purchase.v1.PurchaseService/ListCoinPackages";
/// Gifts and packages to choose from: the first of each list.
const CHOICES: i32 = 50;

/// Something to choose.
struct OptionView {
    value: String,
    label: String,
}

/// What became of a form.
#[derive(Default)]
struct DoneView {
    class: &'static str,
    text: String,
    links: Vec<LinkView>,
    /// The purchase or the payout that it was done to.
    purchase: String,
    payout: String,
}

#[derive(Template)]
#[template(path = "sandbox.html")]
struct SandboxPage {
    frame: PageFrame,
    done: Option<DoneView>,
    packages: Vec<OptionView>,
    gifts: Vec<OptionView>,
    payouts: Vec<OptionView>,
    purchases: Vec<OptionView>,
    reports: Vec<OptionView>,
    /// What the address is about, so that it can be driven on.
    purchase: String,
    payout: String,
    request_id: String,
}

pub(crate) async fn show(State(console): State<Console>, visitor: Visitor, RawQuery(query): RawQuery) -> Response {
    let filters = Filters::read(query.unwrap_or_default().as_bytes());
    let frame = match open(&console, &visitor, &filters).await {
        Ok(frame) => frame,
        Err(refused) => return *refused,
    };
    let done = console.sessions.take_note(&visitor.secret, &frame.book).and_then(|note| said(&note));
    answer(&console, &visitor, frame, StatusCode::OK, done).await
}

/// Has what a form asks for happen, and leads to a page that says so.
pub(crate) async fn drive(State(console): State<Console>, visitor: Visitor, form: Bytes) -> Response {
    let form = Filters::read(&form);
    let mut frame = match open(&console, &visitor, &form).await {
        Ok(frame) => frame,
        Err(refused) => return *refused,
    };
    let Some(playground) = &console.sandbox else {
        return failed(frame, StatusCode::NOT_FOUND, "No sandbox", "This console is not of a sandbox.");
    };
    let asked = ToDrive { console: &console, playground, visitor: &visitor, book: &frame.book, form: &form };
    match asked.drive().await {
        Ok(done) => {
            let note = DoneNote { book: frame.book.clone(), did: done.did, kind: done.kind, id: done.id };
            console.sessions.keep_note(&visitor.secret, note);
            // By the page's own address, so that a reload does it not again.
            Redirect::to(&Filters::address("/sandbox", &[("book", &frame.book)])).into_response()
        }
        Err(NotDriven::Unexplained) => {
            frame.reason = None;
            ask_reason(frame)
        }
        Err(NotDriven::Status(status)) => refused(frame, &visitor, &status),
        Err(NotDriven::Said(why)) => {
            let done = DoneView { class: "bad", text: shown(&why).into_owned(), ..DoneView::default() };
            answer(&console, &visitor, frame, StatusCode::CONFLICT, Some(done)).await
        }
    }
}

/// The frame of the page, if its reader may drive this book.
async fn open(console: &ConsoleParts, visitor: &Visitor, filters: &Filters) -> Result<PageFrame, Box<Response>> {
    let mut frame = match PageFrame::load(console, visitor, "Sandbox", filters).await {
        Ok(frame) => frame,
        Err(why) => return Err(Box::new(without_frame(why, visitor))),
    };
    frame.address = Filters::address("/sandbox", &[("book", &frame.book)]);
    frame.keep("/sandbox", &[]);
    if !drives(visitor.person.role) {
        let why = "Support and admin drive a sandbox; your role looks at what becomes of it.";
        return Err(Box::new(failed(frame, StatusCode::FORBIDDEN, "Your role may not do this", why)));
    }
    if frame.mode.word != "TEST" {
        let why = "Only a TEST book is driven: nothing pretended may reach a book with real money. Choose one above.";
        return Err(Box::new(failed(frame, StatusCode::FORBIDDEN, "Not a TEST book", why)));
    }
    if visitor.reason.is_none() {
        return Err(Box::new(ask_reason(frame)));
    }
    Ok(frame)
}

async fn answer(console: &ConsoleParts, visitor: &Visitor, mut frame: PageFrame, status: StatusCode, done: Option<DoneView>) -> Response {
    let message = json!({"book": frame.book, "market": MARKET, "salesChannel": "SALES_CHANNEL_APP", "pageSize": CHOICES});
    frame.calls = vec![
        CallView::new(&console.target, LIST_COIN_PACKAGES, &message),
        CallView::new(&console.target, LIST_GIFTS, &json!({"book": frame.book, "pageSize": CHOICES})),
    ];
    match choices(console, visitor, &frame.book).await {
        Ok((packages, gifts)) => page(status, &sandbox(frame, done, &packages, &gifts)),
        Err(status) => refused(frame, visitor, &status),
    }
}

/// What is on sale: packages of coins, and gifts.
async fn choices(console: &ConsoleParts, visitor: &Visitor, book: &str) -> Result<(Vec<CoinPackage>, Vec<Gift>), Status> {
    let packages = ListCoinPackagesRequest {
        book: book.to_owned(),
        market: MARKET.to_owned(),
        sales_channel: SalesChannel::App.into(),
        page_size: CHOICES,
        ..ListCoinPackagesRequest::default()
    };
    let gifts = ListGiftsRequest { book: book.to_owned(), page_size: CHOICES, ..ListGiftsRequest::default() };
    let packages = console.more.purchase_client()?.list_coin_packages(visitor.request(packages)).await?.into_inner().packages;
    let gifts = console.more.gift_client()?.list_gifts(visitor.request(gifts)).await?.into_inner().gifts;
    Ok((packages, gifts))
}

fn sandbox(frame: PageFrame, done: Option<DoneView>, packages: &[CoinPackage], gifts: &[Gift]) -> SandboxPage {
    let package = |package: &CoinPackage| {
        let price = package.price.as_ref().map(|price| amount(&price.currency_code, price.minor_units)).unwrap_or_default();
        OptionView { value: package.product_id.clone(), label: format!("{} for {price}", amount("COIN", package.coins)) }
    };
    let gift = |gift: &Gift| OptionView {
        value: gift.gift_id.to_string(),
        label: format!("{}, {}", shown(&gift.name), amount("COIN", gift.cost_coins)),
    };
    let named = |is_it: fn(&scenarios::Scenario) -> bool| {
        let found = scenarios::all().filter(|scenario| is_it(scenario));
        found.map(|scenario| OptionView { value: scenario.name.to_owned(), label: scenario.effect.to_owned() }).collect()
    };
    let about = |of: fn(&DoneView) -> &String| done.as_ref().map(of).cloned().unwrap_or_default();
    SandboxPage {
        purchase: about(|done| &done.purchase),
        payout: about(|done| &done.payout),
        done,
        packages: packages.iter().map(package).collect(),
        gifts: gifts.iter().map(gift).collect(),
        payouts: named(driving::is_of_payout),
        purchases: named(driving::is_of_purchase),
        reports: named(driving::is_of_reports),
        request_id: uuid::Uuid::now_v7().to_string(),
        frame,
    }
}

/// What was done just now, in words. It can only name what there is.
fn said(note: &DoneNote) -> Option<DoneView> {
    let DoneNote { book, did, kind, id } = note;
    let text = driving::effect(did)?;
    let link = |label: &str, href: String| LinkView { href, label: label.to_owned(), current: false };
    let of = |path: &str, name: &'static str| Filters::address(path, &[(name, id), ("book", book)]);
    let links = match *kind {
        _ if id.is_empty() => Vec::new(),
        DrivenThing::PURCHASE => {
            vec![link("The purchase", of("/purchase", "id")), link("Its whole case", things::href(ThingKind::Purchase, id, book))]
        }
        DrivenThing::PAYOUT => {
            vec![link("The payout", of("/payout", "id")), link("Its whole case", things::href(ThingKind::Payout, id, book))]
        }
        DrivenThing::GIFT => vec![link("The gift's case", things::href(ThingKind::Gift, id, book))],
        DrivenThing::TRANSACTION => vec![link("The purchase, once the report of it was taken", of("/purchases", "transaction"))],
        DrivenThing::NEXT => vec![link("Payouts", Filters::address("/payouts", &[("book", book)]))],
        _ => Vec::new(),
    };
    let of_kind = |of: &str| if *kind == of { id.clone() } else { String::new() };
    let (purchase, payout) = (of_kind(DrivenThing::PURCHASE), of_kind(DrivenThing::PAYOUT));
    Some(DoneView { class: "good", text: format!("{did}: {text}."), links, purchase, payout })
}

#[cfg(test)]
mod tests {
    //! Unit tests of the page.
    use super::*;
    use crate::pages::samples::{MARKUP, assert_text};
    use api::r#type::Money;

    #[test]
    fn markup_in_every_field_is_text() {
        let text = MARKUP.to_owned();
        let package = CoinPackage {
            product_id: text.clone(),
            price: Some(Money { currency_code: text.clone(), minor_units: 1 }),
            ..CoinPackage::default()
        };
        let gift = Gift { name: text.clone(), ..Gift::default() };
        let done = DoneView { class: "bad", purchase: text.clone(), payout: text.clone(), text, links: Vec::new() };
        assert_text(&sandbox(PageFrame::bare("Sandbox", None), Some(done), &[package], &[gift]), 6);
    }

    #[test]
    fn what_was_done_is_said_of_what_there_is_only() {
        let read = |did: &str, kind, id: &str| said(&DoneNote { book: "demo".to_owned(), did: did.to_owned(), kind, id: id.to_owned() });
        assert!(read("anything", DrivenThing::PAYOUT, "1").is_none() && read("", "", "").is_none());
        let done = read("payout.returned", DrivenThing::PAYOUT, "<b>").unwrap();
        assert!(done.text.starts_with("payout.returned: The money comes back") && done.links[0].href == "/payout?id=%3Cb%3E&book=demo");
        assert!(read("gift.sent", "unknown", "1").unwrap().links.is_empty());
        let page = sandbox(PageFrame::bare("Sandbox", None), None, &[], &[]);
        assert!(page.payouts.len() == 24 && page.purchases.len() > 15 && page.reports.len() == 5);
    }
}
