//! Finding: whatever id somebody has, everything that it stands for.
use crate::{
    answer::{ask_reason, page, refused, without_frame},
    filters::Filters,
    frame::{FIND, PageFrame},
    parts::Console,
    view::{
        calls::CallView,
        things::{self, OwnerLink, UserLink, users},
        times::TimeView,
    },
    visitor::Visitor,
};
use api::monitor::{FindRequest, FindResponse, FoundThing, SearchedKind};
use askama::Template;
use axum::{
    extract::{RawQuery, State},
    response::{IntoResponse as _, Redirect, Response},
};
use http::StatusCode;
use money::text::shown;
use serde_json::json;

/// A thing that was found.
struct HitView {
    kind: String,
    id: String,
    href: String,
    book: String,
    summary: String,
    users: Vec<UserLink>,
    /// What these users hold in the book.
    owned: Vec<OwnerLink>,
    time: TimeView,
}

/// Where a text was looked for.
struct SearchedView {
    kind: String,
    by: String,
}

#[derive(Template)]
#[template(path = "find.html")]
struct FindPage {
    frame: PageFrame,
    text: String,
    user: String,
    asked: bool,
    hits: Vec<HitView>,
    searched: Vec<SearchedView>,
    /// The same in all books, if it is of one.
    everywhere: String,
}

pub(crate) async fn show(State(console): State<Console>, visitor: Visitor, RawQuery(query): RawQuery) -> Response {
    let filters = Filters::read(query.unwrap_or_default().as_bytes());
    let mut frame = match PageFrame::load(&console, &visitor, "Find", &filters).await {
        Ok(frame) => frame,
        Err(why) => return without_frame(why, &visitor),
    };
    let field = |name: &str| filters.get(name).to_owned();
    let request = FindRequest { text: field("text"), book: field("book"), user_id: field("user") };
    if request.book.is_empty() {
        frame.across_books();
    }
    frame.keep("/find", &[("text", &request.text), ("user", &request.user_id)]);
    let message = json!({"text": request.text, "book": request.book, "userId": request.user_id});
    frame.calls = vec![CallView::new(&console.target, FIND, &message)];
    if request.text.is_empty() {
        return page(StatusCode::OK, &found(frame, &request, None));
    }
    // An id says nothing yet about whom it concerns; a user or their account does.
    let named = if request.user_id.is_empty() { chart::account::owner(&request.text) } else { Some(&*request.user_id) };
    let about: Vec<&str> = named.into_iter().collect();
    if visitor.reason.is_none() || !console.sessions.covers(&visitor.secret, &about) {
        frame.reason = None;
        return ask_reason(frame);
    }
    let answer = match console.monitor_client().find(visitor.request(request.clone())).await {
        Ok(answer) => answer.into_inner(),
        Err(status) => return refused(frame, &visitor, &status),
    };
    // The only one needs no choice.
    if let [only] = answer.things.as_slice() {
        return Redirect::to(&things::href(only.kind(), &only.id, &only.book)).into_response();
    }
    page(StatusCode::OK, &found(frame, &request, Some(&answer)))
}

fn found(frame: PageFrame, request: &FindRequest, answer: Option<&FindResponse>) -> FindPage {
    let fields = [("text", &*request.text), ("user", &request.user_id)];
    FindPage {
        text: request.text.clone(),
        user: request.user_id.clone(),
        asked: answer.is_some(),
        hits: answer.map(|answer| answer.things.iter().map(|thing| hit(&frame, thing)).collect()).unwrap_or_default(),
        searched: answer.map(|answer| answer.searched.iter().map(searched).collect()).unwrap_or_default(),
        everywhere: if request.book.is_empty() { String::new() } else { Filters::address("/find", &fields) },
        frame,
    }
}

fn hit(frame: &PageFrame, thing: &FoundThing) -> HitView {
    HitView {
        kind: things::label(thing.kind()),
        id: shown(&thing.id).into_owned(),
        href: things::href(thing.kind(), &thing.id, &thing.book),
        book: frame.book_label(&thing.book),
        summary: shown(&thing.summary).into_owned(),
        users: users(&thing.user_ids),
        owned: things::owner_links(&thing.user_ids, &thing.book),
        time: TimeView::of(thing.create_time.as_ref()),
    }
}

fn searched(searched: &SearchedKind) -> SearchedView {
    SearchedView { kind: things::label(searched.kind()), by: searched.by.clone() }
}

#[cfg(test)]
mod tests {
    //! Unit tests of what is shown of an answer.
    use super::*;
    use crate::pages::samples::{MARKUP, assert_text};
    use api::monitor::ThingKind;

    #[test]
    fn markup_in_every_field_is_text() {
        let text = MARKUP.to_owned();
        let thing = FoundThing {
            kind: ThingKind::Payout.into(),
            id: text.clone(),
            book: text.clone(),
            summary: text.clone(),
            user_ids: vec![text.clone(); 2],
            create_time: None,
        };
        let searched = SearchedKind { kind: ThingKind::Payout.into(), by: text.clone() };
        let request = FindRequest { text: text.clone(), book: text.clone(), user_id: text };
        for (things, parts) in [(vec![thing; 2], 11), (Vec::new(), 3)] {
            let answer = FindResponse { things, searched: vec![searched.clone()] };
            assert_text(&found(PageFrame::bare("Find", None), &request, Some(&answer)), parts);
        }
    }

    #[test]
    fn an_unknown_kind_of_a_newer_service_is_a_thing() {
        let thing = FoundThing { kind: 1_000, id: "x".to_owned(), ..FoundThing::default() };
        let shown = hit(&PageFrame::bare("Find", None), &thing);
        assert_eq!((shown.kind.as_str(), shown.href.as_str()), ("thing", "/case?id=x"));
    }
}
