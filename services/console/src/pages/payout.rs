//! One payout: what is paid to whom, over which rail and bank, what the bank really said, and what happens next.
mod messages;

use super::reveal::RevealForm;
use crate::{
    answer::{ask_reason, page, refused, without_frame},
    filters::Filters,
    frame::PageFrame,
    parts::{Console, ConsoleParts},
    view::{
        amounts::{amount, money},
        badges::{BadgeView, badge, word_of},
        calls::CallView,
        facts::{FactView, joined, saying},
        things::{self, UserLink},
        times::TimeView,
    },
    visitor::Visitor,
};
use api::{
    monitor::ThingKind,
    payout::{
        Beneficiary, CostBearer, FindBeneficiariesRequest, GetPayoutRequest, Payout, PayoutAttempt, PayoutRecall, PayoutReturn,
        PayoutState, PayoutStep,
    },
};
use askama::Template;
use axum::{
    extract::{RawQuery, State},
    response::{IntoResponse as _, Redirect, Response},
};
use http::StatusCode;
use identity::Role;
use messages::{MessageView, message};
use money::text::shown;
use prost_types::Timestamp as WireTime;
use rpc::wire;
use serde_json::json;

pub(crate) const GET_PAYOUT: &str = "largesse.payout.v1.PayoutService/GetPayout";
const FIND_BENEFICIARIES: &str = "largesse.payout.v1.PayoutService/FindBeneficiaries";
/// Records of the account that are shown.
const RECORDS: i32 = 20;

/// The account that is paid.
#[derive(Default)]
struct AccountPaid {
    account: String,
    holder: String,
    kind: String,
    country: String,
    check: String,
    state: String,
    /// Other users who recorded the same account.
    others: Vec<UserLink>,
    /// `None`: the reader may not see it in clear.
    reveal: Option<RevealForm>,
    /// How the amount would be paid now.
    options: String,
}

/// A step of its history.
struct StepView {
    time: TimeView,
    last: TimeView,
    state: BadgeView,
    note: String,
    times: i32,
}

/// An attempt to pay.
struct AttemptView {
    number: i32,
    rail: String,
    bank: String,
    end_to_end_id: String,
    reference: String,
    status: String,
    reason: String,
    begun: TimeView,
    ended: TimeView,
}

/// Money that came back, or a request for it.
struct BackView {
    what: &'static str,
    time: TimeView,
    state: BadgeView,
    amount: String,
    code: String,
    note: String,
}

#[derive(Template)]
#[template(path = "payout.html")]
struct PayoutPage {
    frame: PageFrame,
    id: String,
    state: BadgeView,
    finality: String,
    amount: String,
    user: UserLink,
    case: String,
    facts: Vec<FactView>,
    next: Vec<FactView>,
    paid: AccountPaid,
    attempts: Vec<AttemptView>,
    steps: Vec<StepView>,
    steps_left_out: i32,
    back: Vec<BackView>,
    messages: Vec<MessageView>,
    messages_left_out: i32,
    postings: Vec<FactView>,
}

pub(crate) async fn show(State(console): State<Console>, visitor: Visitor, RawQuery(query): RawQuery) -> Response {
    let filters = Filters::read(query.unwrap_or_default().as_bytes());
    let mut frame = match PageFrame::load(&console, &visitor, "Payout", &filters).await {
        Ok(frame) => frame,
        Err(why) => return without_frame(why, &visitor),
    };
    let (book, payout_id) = (frame.book.clone(), filters.get("id").to_owned());
    if payout_id.is_empty() {
        return Redirect::to(&Filters::address("/payouts", &[("book", &book)])).into_response();
    }
    frame.keep("/payouts", &[]);
    frame.calls = vec![CallView::new(&console.target, GET_PAYOUT, &json!({"book": book, "payoutId": payout_id}))];
    if visitor.reason.is_none() {
        return ask_reason(frame);
    }
    let request = GetPayoutRequest { book: book.clone(), payout_id };
    let found = match console.more.payout_client() {
        Ok(mut client) => client.get_payout(visitor.request(request)).await,
        Err(status) => Err(status),
    };
    let payout = match found {
        Ok(answer) => answer.into_inner().payout.unwrap_or_default(),
        Err(status) => return refused(frame, &visitor, &status),
    };
    // Whom it concerns is known now; a reason that was for somebody else shows nothing of it.
    if !console.sessions.covers(&visitor.secret, &[&payout.user_id]) {
        frame.reason = None;
        return ask_reason(frame);
    }
    let message = json!({"book": book, "beneficiaryId": payout.beneficiary_id, "pageSize": RECORDS});
    frame.calls.push(CallView::new(&console.target, FIND_BENEFICIARIES, &message));
    let paid = account_paid(&console, &visitor, &book, &payout).await;
    page(StatusCode::OK, &shown_payout(frame, &payout, paid))
}

/// The account, masked. What can't be found out, such as an erased one, is left out: the rest of the page is still worth showing.
async fn account_paid(console: &ConsoleParts, visitor: &Visitor, book: &str, payout: &Payout) -> AccountPaid {
    let request = FindBeneficiariesRequest {
        book: book.to_owned(),
        beneficiary_id: payout.beneficiary_id.clone(),
        page_size: RECORDS,
        ..FindBeneficiariesRequest::default()
    };
    let Ok(mut client) = console.more.payout_client() else { return AccountPaid::default() };
    match client.find_beneficiaries(visitor.request(request)).await {
        Ok(answer) => account(&answer.into_inner().beneficiaries, payout, visitor.person.role, book),
        Err(_) => AccountPaid::default(),
    }
}

fn account(records: &[Beneficiary], payout: &Payout, role: Role, book: &str) -> AccountPaid {
    let Some(own) = records.iter().find(|record| record.beneficiary_id == payout.beneficiary_id) else { return AccountPaid::default() };
    let mut others: Vec<String> = records.iter().map(|record| record.user_id.clone()).filter(|user| *user != payout.user_id).collect();
    others.sort();
    others.dedup();
    let word = |name: &str, prefix: &str| word_of(name, prefix).replace('_', " ");
    AccountPaid {
        account: shown(&own.masked_account).into_owned(),
        holder: shown(&own.masked_holder_name).into_owned(),
        kind: shown(&own.kind).replace('-', " "),
        country: shown(&own.country).into_owned(),
        check: word(own.payee_check().as_str_name(), "PAYEE_CHECK_"),
        state: if own.delete_time.is_some() { "deleted by its owner".to_owned() } else { String::new() },
        others: things::users(&others),
        reveal: RevealForm::new(role, book, &payout.user_id, &payout.beneficiary_id),
        options: options(book, payout),
    }
}

/// The creator's page, where every rail is shown that could pay this amount.
fn options(book: &str, payout: &Payout) -> String {
    let sum = payout.amount.clone().unwrap_or_default();
    let amount = amount(&sum.currency_code, sum.minor_units);
    let number = amount.split(' ').next().unwrap_or_default();
    let fields = [("id", &*payout.user_id), ("book", book), ("pay_to", &payout.beneficiary_id), ("pay_amount", number)];
    format!("{}#options", Filters::address("/creator", &fields))
}

fn shown_payout(frame: PageFrame, payout: &Payout, paid: AccountPaid) -> PayoutPage {
    let currency = payout.amount.as_ref().map(|amount| amount.currency_code.clone()).unwrap_or_default();
    PayoutPage {
        id: shown(&payout.payout_id).into_owned(),
        state: badge(&word_of(payout.state().as_str_name(), "PAYOUT_STATE_")),
        finality: finality(payout),
        amount: money(payout.amount.as_ref()),
        user: UserLink { user: shown(&payout.user_id).into_owned(), href: things::href(ThingKind::User, &payout.user_id, "") },
        case: things::href(ThingKind::Payout, &payout.payout_id, &frame.book),
        facts: facts(payout, &currency),
        next: next(payout),
        paid,
        attempts: payout.attempts.iter().map(attempt).collect(),
        steps: payout.steps.iter().map(step).collect(),
        steps_left_out: payout.steps_left_out,
        back: payout.returns.iter().map(came_back).chain(payout.recalls.iter().map(|recall| asked_back(recall, &currency))).collect(),
        messages: payout.messages.iter().enumerate().map(|(at, found)| message(at, found)).collect(),
        messages_left_out: payout.messages_left_out,
        postings: postings(payout),
        frame,
    }
}

/// A day and a time as people say them.
fn in_words(time: Option<&WireTime>) -> String {
    let moment = time.and_then(wire::moment);
    moment.map(|moment| moment.strftime("%A %-d %B %Y, %H:%M UTC").to_string()).unwrap_or_default()
}

/// Whether the money is there for good, in a sentence.
fn finality(payout: &Payout) -> String {
    let (expected, until) = (in_words(payout.expected_time.as_ref()), in_words(payout.returnable_until.as_ref()));
    let came_back = payout.returned_minor_units > 0;
    match payout.state() {
        PayoutState::Settled if came_back => "Paid, and money came back since.".to_owned(),
        PayoutState::Settled => "Paid, for good.".to_owned(),
        PayoutState::SettledReturnable if until.is_empty() => "Paid; it may still come back as a matter of course.".to_owned(),
        PayoutState::SettledReturnable => format!("Paid; it may come back as a matter of course until {until}."),
        PayoutState::Rejected => "Not paid: the money was given back.".to_owned(),
        PayoutState::Cancelled => "Cancelled before it was sent: the money was given back.".to_owned(),
        PayoutState::OutcomeUnknown => {
            "Nobody knows yet whether it is paid: the bank is asked until it says so, and nothing else is tried.".to_owned()
        }
        PayoutState::InReview => "Not sent: it waits for a decision of staff.".to_owned(),
        _ if expected.is_empty() => "Not paid yet.".to_owned(),
        _ => format!("Not paid yet; expected on {expected}."),
    }
}

fn facts(payout: &Payout, currency: &str) -> Vec<FactView> {
    let some = |number: i64| if number == 0 { String::new() } else { amount(currency, number) };
    let bearer = match payout.cost_bearer() {
        CostBearer::House => "the company",
        CostBearer::Creator => "the creator",
        CostBearer::Unspecified => "",
    };
    let cost = some(payout.cost_minor_units);
    saying([
        ("What the bank is to pay", some(payout.sent_minor_units)),
        ("Cost", if cost.is_empty() || bearer.is_empty() { cost } else { format!("{cost}, borne by {bearer}") }),
        ("Came back", some(payout.returned_minor_units)),
        ("Requested", in_words(payout.create_time.as_ref())),
        ("Expected", in_words(payout.expected_time.as_ref())),
        ("May come back until", in_words(payout.returnable_until.as_ref())),
        ("The bank took", seconds(payout.bank_time_ms)),
        ("In all", seconds(payout.total_time_ms)),
    ])
}

fn seconds(ms: i64) -> String {
    if ms == 0 { String::new() } else { format!("{}.{:03} s", ms / 1_000, (ms % 1_000).abs()) }
}

/// Why it is where it is, and who does what.
fn next(payout: &Payout) -> Vec<FactView> {
    let text = |text: &str| shown(text).into_owned();
    let code = joined([text(&payout.reason_code), text(&payout.reason)], ": ");
    let resolved = payout.resolution.as_ref().map(|found| {
        let word = word_of(found.outcome().as_str_name(), "PAYOUT_OUTCOME_").replace('_', " ");
        format!("{} by {}", word, shown(&found.proposed_by))
    });
    saying([
        ("The bank's status", text(&payout.bank_status)),
        ("The bank's reason", code),
        ("Waits because", text(&payout.blocked_by)),
        ("Who acts", text(&payout.code_owner)),
        ("What they do", text(&payout.next_step)),
        ("What the creator is told", text(&payout.payee_text)),
        ("What staff found", resolved.unwrap_or_default()),
    ])
}

fn postings(payout: &Payout) -> Vec<FactView> {
    saying([
        ("Held by", payout.hold_posting_id.clone()),
        ("Submitted by", payout.submit_posting_id.clone()),
        ("Ended by", payout.final_posting_id.clone()),
    ])
}

fn step(step: &PayoutStep) -> StepView {
    StepView {
        time: TimeView::of(step.time.as_ref()),
        last: TimeView::of(step.last_time.as_ref()),
        state: badge(&word_of(step.state().as_str_name(), "PAYOUT_STATE_")),
        note: shown(&step.note).into_owned(),
        times: step.times,
    }
}

fn attempt(attempt: &PayoutAttempt) -> AttemptView {
    let text = |text: &str| shown(text).into_owned();
    AttemptView {
        number: attempt.number,
        rail: text(&attempt.rail),
        bank: text(&attempt.bank),
        end_to_end_id: text(&attempt.end_to_end_id),
        reference: text(&attempt.reference),
        status: text(&attempt.bank_status),
        reason: joined([text(&attempt.reason_code), text(&attempt.reason)], ": "),
        begun: TimeView::of(attempt.begin_time.as_ref()),
        ended: TimeView::of(attempt.end_time.as_ref()),
    }
}

fn came_back(back: &PayoutReturn) -> BackView {
    BackView {
        what: "return",
        time: TimeView::of(back.booked_time.as_ref().or(back.create_time.as_ref())),
        state: badge(&word_of(back.state().as_str_name(), "RETURN_STATE_")),
        amount: money(back.amount.as_ref()),
        code: shown(&back.code).into_owned(),
        note: joined([&back.why, &back.next_step, &back.bank_reference].map(|text| shown(text).into_owned()), "; "),
    }
}

fn asked_back(recall: &PayoutRecall, currency: &str) -> BackView {
    BackView {
        what: "recall",
        time: TimeView::of(recall.create_time.as_ref()),
        state: badge(&word_of(recall.state().as_str_name(), "RECALL_STATE_")),
        amount: if recall.fee_minor_units == 0 { String::new() } else { format!("fee {}", amount(currency, recall.fee_minor_units)) },
        code: shown(&recall.code).into_owned(),
        note: joined([&recall.answer_code, &recall.note].map(|text| shown(text).into_owned()), ": "),
    }
}

#[cfg(test)]
mod tests;
