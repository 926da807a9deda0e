//! A creator's money: diamonds, what of them can be converted, what is payable, what is held or blocked, the payouts and where they go, now and at any moment.
use super::{
    holdings::{AskedHolder, GET_ACCOUNT, HeldView, MovedView, NEWEST, PagePart, RelatedView, held, is_user_unknown, newest, part, state},
    options::{AskedOptions, OptionsPart},
    reveal::RevealForm,
};
use crate::{
    answer::{ask_reason, failed, page, refused, without_frame},
    filters::Filters,
    frame::{LIST_ENTRIES, PageFrame},
    parts::{Console, ConsoleParts},
    view::{
        amounts::{amount, money},
        badges::{BadgeView, badge, word_of},
        facts::joined,
        times::TimeView,
    },
    visitor::Visitor,
};
use api::{
    earnings::{GetEarningsRequest, GetEarningsResponse},
    payout::{Beneficiary, ListBeneficiariesRequest, ListPayoutsRequest, Payout, PayoutState},
};
use askama::Template;
use axum::{
    extract::{RawQuery, State},
    response::Response,
};
use chart::{Account, PostingKind, Unit};
use futures::future::try_join_all;
use http::StatusCode;
use identity::Role;
use money::{Currency, UserKey, text::shown};
use std::collections::BTreeSet;
use tonic::Status;

const GET_EARNINGS: &str = "largesse.earnings.v1.EarningsService/GetEarnings";
const LIST_PAYOUTS: &str = "largesse.payout.v1.PayoutService/ListPayouts";
const LIST_BENEFICIARIES: &str = "largesse.payout.v1.PayoutService/ListBeneficiaries";
/// States in which a payout waits for a person, an answer or its rail. Where its money is differs: it is held, or has left the account.
const WAITING: [PayoutState; 3] = [PayoutState::InReview, PayoutState::OutcomeUnknown, PayoutState::Queued];

/// A payout.
struct PaidView {
    time: TimeView,
    amount: String,
    state: BadgeView,
    rail: String,
    /// Why it is where it is.
    why: String,
    href: String,
    /// Whether it waits for something.
    waits: bool,
}

/// A bank account to pay to, as staff may see it.
struct PayeeView {
    account: String,
    holder: String,
    kind: String,
    currency: String,
    state: BadgeView,
    check: String,
    created: TimeView,
    /// `None`: the reader may not see it in clear.
    reveal: Option<RevealForm>,
}

/// What the creator has now.
struct EarningsView {
    diamonds: String,
    matured: String,
    payable: String,
    state: BadgeView,
    /// Currencies in which nothing can be converted or paid out.
    frozen: String,
}

/// The parts of the page that other calls give.
struct CreatorParts {
    accounts: Vec<HeldView>,
    earned: PagePart<MovedView>,
    converted: PagePart<MovedView>,
    paid: PagePart<PaidView>,
    payees: PagePart<PayeeView>,
    options: OptionsPart,
}

#[derive(Template)]
#[template(path = "creator.html")]
struct CreatorPage {
    frame: PageFrame,
    id: String,
    at: String,
    related: Vec<RelatedView>,
    found: Option<(EarningsView, CreatorParts)>,
}

pub(crate) async fn show(State(console): State<Console>, visitor: Visitor, RawQuery(query): RawQuery) -> Response {
    let filters = Filters::read(query.unwrap_or_default().as_bytes());
    let mut frame = match PageFrame::load(&console, &visitor, "Earnings and payouts", &filters).await {
        Ok(frame) => frame,
        Err(why) => return without_frame(why, &visitor),
    };
    let asked = match AskedHolder::read(&frame.book, &filters) {
        Ok(asked) => asked,
        Err(why) => return failed(frame, StatusCode::BAD_REQUEST, "This can't be asked", why),
    };
    frame.keep("/creator", &[("id", asked.id()), ("at", &asked.at)]);
    frame.calls = [GET_EARNINGS, LIST_PAYOUTS, LIST_BENEFICIARIES].map(|rpc| asked.call(&console, rpc)).to_vec();
    let Some(user) = asked.user.clone() else { return page(StatusCode::OK, &creator(frame, &visitor, &asked, None)) };
    let diamonds = Account::creator_diamonds(&user);
    frame.calls.extend([GET_ACCOUNT, LIST_ENTRIES].map(|rpc| asked.call_of(&console, rpc, &diamonds)));
    if !asked.is_covered(&console, &visitor) {
        frame.reason = None;
        return ask_reason(frame);
    }
    let options = AskedOptions::read(&filters);
    match load(&console, &visitor, &asked, &user, &options).await {
        Ok(found) => {
            frame.calls.extend(found.1.options.call.clone());
            page(StatusCode::OK, &creator(frame, &visitor, &asked, Some(found)))
        }
        // A name may be mistyped, or the user is known to other services alone: the other pages about them are still a click away.
        Err(status) if is_user_unknown(&status) => page(StatusCode::NOT_FOUND, &creator(frame, &visitor, &asked, None)),
        Err(status) => refused(frame, &visitor, &status),
    }
}

fn creator(frame: PageFrame, visitor: &Visitor, asked: &AskedHolder, found: Option<(EarningsView, CreatorParts)>) -> CreatorPage {
    let related = if asked.user.is_some() { asked.related(visitor.person.role, "/creator") } else { Vec::new() };
    CreatorPage { frame, id: asked.id().to_owned(), at: asked.at.clone(), related, found }
}

async fn load(
    console: &ConsoleParts,
    visitor: &Visitor,
    asked: &AskedHolder,
    user: &UserKey,
    options: &AskedOptions,
) -> Result<(EarningsView, CreatorParts), Status> {
    let request = GetEarningsRequest { book: asked.book.clone(), user_id: user.to_string() };
    let earnings = console.more.earnings_client()?.get_earnings(visitor.request(request)).await?.into_inner();
    let diamonds = Account::creator_diamonds(user);
    let (gift, conversion) = (PostingKind::Gift.name(), PostingKind::Conversion.name());
    let (earned, converted, payouts, payees) = tokio::join!(
        newest(console, visitor, asked, &diamonds, gift),
        newest(console, visitor, asked, &diamonds, conversion),
        payouts(console, visitor, asked, user),
        payees(console, visitor, asked, user),
    );
    // Where a payout took the last of a currency, its account is there all the same.
    let of_payouts = payouts.iter().flatten().filter_map(|payout| payout.amount.as_ref()).map(|amount| amount.currency_code.clone());
    let of_earnings = earnings.payable.iter().map(|amount| amount.currency_code.clone()).chain(earnings.frozen_currency_codes.clone());
    let codes: BTreeSet<String> = of_payouts.chain(of_earnings).collect();
    let payable = codes.iter().filter_map(|code| Currency::try_new(code).ok()).map(|currency| Account::creator_payable(user, currency));
    let accounts: Vec<Account<'_>> = std::iter::once(diamonds).chain(payable).collect();
    let held = accounts.iter().map(|account| held(console, visitor, asked, account));
    let all = Filters::address("/payouts", &[("book", &*asked.book), ("user", user.as_str())]);
    let paid = payouts.map(|payouts| payouts.iter().map(|payout| paid(&asked.book, payout)).collect());
    let options = options.load(console, visitor, &asked.book, user, payees.as_deref().unwrap_or_default()).await?;
    let parts = CreatorParts {
        accounts: try_join_all(held).await?,
        earned: earned?,
        converted: converted?,
        paid: part(paid, all)?,
        payees: part(payees.map(|all| all.iter().map(|of| payee(visitor.person.role, &asked.book, of)).collect()), String::new())?,
        options,
    };
    Ok((view(&earnings), parts))
}

async fn payouts(console: &ConsoleParts, visitor: &Visitor, asked: &AskedHolder, user: &UserKey) -> Result<Vec<Payout>, Status> {
    let request = ListPayoutsRequest { book: asked.book.clone(), user_id: user.to_string(), page_size: NEWEST, ..Default::default() };
    Ok(console.more.payout_client()?.list_payouts(visitor.request(request)).await?.into_inner().payouts)
}

async fn payees(console: &ConsoleParts, visitor: &Visitor, asked: &AskedHolder, user: &UserKey) -> Result<Vec<Beneficiary>, Status> {
    let request = ListBeneficiariesRequest { book: asked.book.clone(), user_id: user.to_string(), page_size: NEWEST, ..Default::default() };
    Ok(console.more.payout_client()?.list_beneficiaries(visitor.request(request)).await?.into_inner().beneficiaries)
}

fn view(of: &GetEarningsResponse) -> EarningsView {
    let unit = Unit::Diamond.to_string();
    let payable: Vec<String> = of.payable.iter().map(|sum| money(Some(sum))).collect();
    EarningsView {
        diamonds: amount(&unit, of.diamonds),
        matured: amount(&unit, of.matured_diamonds),
        payable: if payable.is_empty() { "nothing".to_owned() } else { payable.join(", ") },
        state: state(of.diamonds_state()),
        frozen: shown(&of.frozen_currency_codes.join(", ")).into_owned(),
    }
}

fn paid(book: &str, payout: &Payout) -> PaidView {
    let text = |text: &str| shown(text).into_owned();
    let waits_for = if payout.blocked_by.is_empty() { String::new() } else { format!("waits because: {}", shown(&payout.blocked_by)) };
    PaidView {
        time: TimeView::of(payout.create_time.as_ref()),
        amount: money(payout.amount.as_ref()),
        state: badge(&word_of(payout.state().as_str_name(), "PAYOUT_STATE_")),
        rail: text(&payout.rail),
        why: joined([text(&payout.reason_code), text(&payout.reason), waits_for, text(&payout.next_step)], "; "),
        href: Filters::address("/payout", &[("id", &payout.payout_id), ("book", book)]),
        waits: WAITING.contains(&payout.state()) || !payout.blocked_by.is_empty(),
    }
}

fn payee(role: Role, book: &str, of: &Beneficiary) -> PayeeView {
    let deleted = of.delete_time.is_some();
    let (class, word) = if deleted { ("bad", "deleted") } else { ("good", "active") };
    PayeeView {
        account: shown(&of.masked_account).into_owned(),
        holder: shown(&of.masked_holder_name).into_owned(),
        kind: joined([shown(&of.kind).replace('-', " "), shown(&of.country).into_owned()], ", "),
        currency: shown(&of.currency_code).into_owned(),
        state: BadgeView { class, word: word.to_owned() },
        check: word_of(of.payee_check().as_str_name(), "PAYEE_CHECK_").replace('_', " "),
        created: TimeView::of(of.create_time.as_ref()),
        reveal: RevealForm::new(role, book, &of.user_id, &of.beneficiary_id),
    }
}

#[cfg(test)]
mod tests;
