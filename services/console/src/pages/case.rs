//! A case: what happened to a thing, where its money came from and what became of it, step by step.
use crate::{
    answer::{ask_reason, failed, page, refused, without_frame},
    filters::Filters,
    frame::PageFrame,
    parts::Console,
    view::{
        amounts::unit_amount,
        calls::CallView,
        things::{self, OwnerLink, UserLink, users},
        times::TimeView,
    },
    visitor::Visitor,
};
use api::monitor::{CasePart, CaseStep, CaseStepKind, ExplainCaseRequest, ExplainCaseResponse, ThingKind};
use askama::Template;
use axum::{
    extract::{RawQuery, State},
    response::{IntoResponse as _, Redirect, Response},
};
use http::StatusCode;
use money::text::shown;
use serde_json::json;

const EXPLAIN_CASE: &str = "largesse.monitor.v1.MonitorService/ExplainCase";
/// Steps of a page.
const STEPS: i32 = 50;

/// A step of the case.
struct StepView {
    time: TimeView,
    kind: &'static str,
    /// How far the money is from the thing's own, if further than one step.
    depth: String,
    /// The other thing of this step, and its case.
    thing: String,
    href: String,
    state: String,
    summary: String,
    amount: String,
    users: Vec<UserLink>,
    ids: Vec<String>,
    posting: String,
}

/// The steps of one side.
struct SideView {
    id: &'static str,
    name: &'static str,
    steps: Vec<StepView>,
}

#[derive(Template)]
#[template(path = "case.html")]
struct CasePage {
    frame: PageFrame,
    kind: String,
    id: String,
    summary: String,
    made: TimeView,
    users: Vec<UserLink>,
    /// What these users hold.
    owned: Vec<OwnerLink>,
    /// The page of a payout or a purchase alone.
    own: String,
    /// The statement, if it is an account.
    statement: String,
    sides: Vec<SideView>,
    /// The case from its beginning, if this is a later page.
    first: String,
    more: String,
}

pub(crate) async fn show(State(console): State<Console>, visitor: Visitor, RawQuery(query): RawQuery) -> Response {
    let filters = Filters::read(query.unwrap_or_default().as_bytes());
    let mut frame = match PageFrame::load(&console, &visitor, "Case", &filters).await {
        Ok(frame) => frame,
        Err(why) => return without_frame(why, &visitor),
    };
    let Some(kind) = things::read(filters.get("kind")) else {
        return failed(frame, StatusCode::BAD_REQUEST, "This can't be asked", "There is no such kind of things.");
    };
    let request = ExplainCaseRequest {
        id: filters.get("id").to_owned(),
        book: filters.get("book").to_owned(),
        kind: kind.into(),
        page_size: STEPS,
        page_token: filters.get("page").to_owned(),
    };
    if request.id.is_empty() {
        return Redirect::to("/find").into_response();
    }
    if request.book.is_empty() {
        frame.across_books();
    }
    frame.keep("/find", &[("text", &request.id)]);
    let mut message = json!({"id": request.id, "book": request.book, "pageSize": STEPS});
    if kind != ThingKind::Unspecified {
        message["kind"] = json!(kind.as_str_name());
    }
    frame.calls = vec![CallView::new(&console.target, EXPLAIN_CASE, &message)];
    if visitor.reason.is_none() {
        return ask_reason(frame);
    }
    let answer = match console.monitor_client().explain_case(visitor.request(request.clone())).await {
        Ok(answer) => answer.into_inner(),
        Err(status) => return refused(frame, &visitor, &status),
    };
    // Whom an id concerns is known now; a reason that was for somebody else shows nothing of it.
    let about = answer.thing.as_ref().map(|thing| thing.user_ids.as_slice()).unwrap_or_default();
    if !console.sessions.covers(&visitor.secret, about) {
        frame.reason = None;
        return ask_reason(frame);
    }
    page(StatusCode::OK, &case(frame, &request, &answer))
}

fn case(mut frame: PageFrame, request: &ExplainCaseRequest, answer: &ExplainCaseResponse) -> CasePage {
    let thing = answer.thing.clone().unwrap_or_default();
    frame.turn_to(&thing.book);
    let word = things::word(thing.kind());
    let address = |page: &str| {
        // The page's token is of the question as it was asked.
        let kind = things::word(ThingKind::try_from(request.kind).unwrap_or_default());
        Filters::address("/case", &[("id", &request.id), ("kind", &kind), ("book", &request.book), ("page", page)])
    };
    frame.title = format!("Case of a {}", word.replace('_', " "));
    let is_account = thing.kind() == ThingKind::Account;
    CasePage {
        kind: things::label(thing.kind()),
        id: shown(&thing.id).into_owned(),
        summary: shown(&thing.summary).into_owned(),
        made: TimeView::of(thing.create_time.as_ref()),
        users: users(&thing.user_ids),
        owned: things::owner_links(&thing.user_ids, &thing.book),
        own: own_page(thing.kind(), &thing.id, &thing.book),
        statement: if is_account { Filters::address("/accounts", &[("book", &thing.book), ("account", &thing.id)]) } else { String::new() },
        sides: answer.steps.chunk_by(|one, other| one.part == other.part).map(|steps| side(&thing.book, steps)).collect(),
        first: if request.page_token.is_empty() { String::new() } else { address("") },
        more: if answer.next_page_token.is_empty() { String::new() } else { address(&answer.next_page_token) },
        frame,
    }
}

/// The page that shows more of a payout or a purchase than its case does.
fn own_page(kind: ThingKind, id: &str, book: &str) -> String {
    match kind {
        ThingKind::Payout => Filters::address("/payout", &[("id", id), ("book", book)]),
        ThingKind::Purchase => Filters::address("/purchase", &[("id", id), ("book", book)]),
        _ => String::new(),
    }
}

/// The steps of one side, which are together in the answer.
fn side(book: &str, steps: &[CaseStep]) -> SideView {
    let (id, name) = match steps.first().map(CaseStep::part).unwrap_or_default() {
        CasePart::Itself => ("own", "What happened to it"),
        CasePart::Sources => ("source", "Where its money came from"),
        CasePart::Uses => ("use", "What became of its money"),
        CasePart::Unspecified => ("other", "Other steps"),
    };
    SideView { id, name, steps: steps.iter().map(|found| step(book, found)).collect() }
}

fn step(book: &str, step: &CaseStep) -> StepView {
    let is_other = step.kind() == CaseStepKind::Thing;
    StepView {
        time: TimeView::of(step.time.as_ref()),
        kind: match step.kind() {
            CaseStepKind::State => "state",
            CaseStepKind::Posting => "posting",
            CaseStepKind::Message => "message",
            CaseStepKind::Thing | CaseStepKind::Unspecified => "",
        },
        depth: if step.depth > 1 { format!("{} steps away", step.depth) } else { String::new() },
        thing: if is_other { things::label(step.thing_kind()) } else { String::new() },
        href: if is_other { things::href(step.thing_kind(), &step.thing_id, book) } else { String::new() },
        state: shown(&step.state).into_owned(),
        summary: shown(&step.summary).into_owned(),
        amount: unit_amount(step.amount.as_ref()),
        // Those of the thing itself are at the top.
        users: if is_other { users(&step.user_ids) } else { Vec::new() },
        ids: step.ids.iter().map(|id| shown(id).into_owned()).collect(),
        posting: shown(&step.posting_id).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    //! Unit tests of what is shown of a case.
    use super::*;
    use crate::pages::samples::{MARKUP, assert_text};
    use api::monitor::{FoundThing, UnitAmount};

    fn step_of(part: CasePart, text: &str) -> CaseStep {
        CaseStep {
            kind: CaseStepKind::Thing.into(),
            part: part.into(),
            depth: 2,
            thing_kind: ThingKind::Gift.into(),
            thing_id: text.to_owned(),
            time: None,
            amount: Some(UnitAmount { unit: text.to_owned(), amount: 1 }),
            posting_id: text.to_owned(),
            state: format!("{text} in another text"),
            ids: vec![text.to_owned()],
            summary: text.to_owned(),
            user_ids: vec![text.to_owned()],
        }
    }

    #[test]
    fn markup_in_every_field_is_text() {
        let text = MARKUP.to_owned();
        let thing = FoundThing {
            kind: ThingKind::Account.into(),
            id: text.clone(),
            book: text.clone(),
            summary: text.clone(),
            user_ids: vec![text.clone()],
            create_time: None,
        };
        let steps = vec![step_of(CasePart::Sources, MARKUP)];
        let request = ExplainCaseRequest { id: text.clone(), book: text.clone(), page_token: text.clone(), ..Default::default() };
        let answer = ExplainCaseResponse { thing: Some(thing), steps, next_page_token: text };
        assert_text(&case(PageFrame::bare("Case", None), &request, &answer), 9);
    }

    #[test]
    fn each_side_is_a_table_in_the_order_of_the_answer_and_the_next_page_asks_the_same() {
        let steps = [CasePart::Itself, CasePart::Itself, CasePart::Sources, CasePart::Uses].map(|part| step_of(part, "x")).to_vec();
        let request = ExplainCaseRequest { id: "x".to_owned(), kind: ThingKind::Gift.into(), ..Default::default() };
        let answer = ExplainCaseResponse { thing: None, steps, next_page_token: "a+b".to_owned() };
        let shown = case(PageFrame::bare("Case", None), &request, &answer);
        let sides: Vec<(&str, usize)> = shown.sides.iter().map(|side| (side.id, side.steps.len())).collect();
        assert_eq!(sides, [("own", 2), ("source", 1), ("use", 1)]);
        assert_eq!((shown.more.as_str(), shown.first.as_str()), ("/case?id=x&kind=gift&page=a%2Bb", ""));
    }
}
