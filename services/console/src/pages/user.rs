//! A user's money in all books: every line with the balance after it, the newest first.
use crate::{
    answer::{ask_reason, page, refused, without_frame},
    filters::Filters,
    frame::{LIST_ACTIVITY, PageFrame},
    parts::Console,
    view::{
        amounts::unit_amount,
        calls::CallView,
        things::{self, OwnerLink},
        times::TimeView,
    },
    visitor::Visitor,
};
use api::monitor::{ActivityLine, ActivityState, ListActivityRequest, ListActivityResponse, PersonLink};
use askama::Template;
use axum::{
    extract::{RawQuery, State},
    response::Response,
};
use http::StatusCode;
use money::text::shown;
use serde_json::json;
use std::collections::BTreeSet;

/// Lines of a page.
const LINES: i32 = 50;

/// A line of the user's activity.
struct ActivityView {
    time: TimeView,
    book: String,
    kind: String,
    summary: String,
    amount: String,
    after: String,
    class: &'static str,
    state: &'static str,
    case_state: String,
    case: String,
    href: String,
    account: String,
    statement: String,
}

/// What the user holds in a book.
struct OwnedView {
    book: String,
    pages: Vec<OwnerLink>,
}

/// The same person under another key, as an app says.
struct SamePersonView {
    /// Whether the other key is the person's, and this one a user's.
    is_person: bool,
    key: String,
    /// The book of the user.
    book: String,
    href: String,
}

#[derive(Template)]
#[template(path = "user.html")]
struct UserPage {
    frame: PageFrame,
    id: String,
    lines: Vec<ActivityView>,
    /// What the user holds, by book.
    owned: Vec<OwnedView>,
    persons: Vec<SamePersonView>,
    /// The same in all books, if it is of one.
    everywhere: String,
    older: String,
}

pub(crate) async fn show(State(console): State<Console>, visitor: Visitor, RawQuery(query): RawQuery) -> Response {
    let filters = Filters::read(query.unwrap_or_default().as_bytes());
    let mut frame = match PageFrame::load(&console, &visitor, "Users", &filters).await {
        Ok(frame) => frame,
        Err(why) => return without_frame(why, &visitor),
    };
    let field = |name: &str| filters.get(name).to_owned();
    let request = ListActivityRequest {
        user_id: field("id"),
        book: field("book"),
        page_size: LINES,
        page_token: field("page"),
        ..Default::default()
    };
    if request.book.is_empty() {
        frame.across_books();
    }
    frame.keep("/user", &[("id", &request.user_id)]);
    let message = json!({"userId": request.user_id, "book": request.book, "pageSize": LINES});
    frame.calls = vec![CallView::new(&console.target, LIST_ACTIVITY, &message)];
    // Without a user the call would be about the person who looks.
    if request.user_id.is_empty() {
        return page(StatusCode::OK, &user(frame, &request, &ListActivityResponse::default()));
    }
    if visitor.reason.is_none() || !console.sessions.covers(&visitor.secret, &[&request.user_id]) {
        frame.reason = None;
        return ask_reason(frame);
    }
    match console.monitor_client().list_activity(visitor.request(request.clone())).await {
        Ok(answer) => page(StatusCode::OK, &user(frame, &request, &answer.into_inner())),
        Err(status) => refused(frame, &visitor, &status),
    }
}

fn user(frame: PageFrame, request: &ListActivityRequest, answer: &ListActivityResponse) -> UserPage {
    let id = &*request.user_id;
    let older = Filters::address("/user", &[("id", id), ("book", &request.book), ("page", &answer.next_page_token)]);
    UserPage {
        id: id.to_owned(),
        owned: owned(&frame, request, answer),
        persons: answer.links.iter().map(|link| same_person(&frame, id, link)).collect(),
        lines: answer.lines.iter().map(|found| line(&frame, found)).collect(),
        everywhere: if request.book.is_empty() || id.is_empty() { String::new() } else { Filters::address("/user", &[("id", id)]) },
        older: if answer.next_page_token.is_empty() { String::new() } else { older },
        frame,
    }
}

/// The pages of what the user holds in each book of the lines, and in the one that is asked for.
fn owned(frame: &PageFrame, request: &ListActivityRequest, answer: &ListActivityResponse) -> Vec<OwnedView> {
    let asked = Some(&*request.book).filter(|book| !book.is_empty() && !request.user_id.is_empty());
    let books: BTreeSet<&str> = answer.lines.iter().map(|line| &*line.book).chain(asked).collect();
    let of = |book| OwnedView { book: frame.book_label(book), pages: things::owner_links(&[&request.user_id], book) };
    books.into_iter().map(of).collect()
}

/// The other end of a link.
fn same_person(frame: &PageFrame, id: &str, link: &PersonLink) -> SamePersonView {
    let is_person = link.user_id == id;
    let key = if is_person { &link.person_id } else { &link.user_id };
    SamePersonView {
        is_person,
        key: shown(key).into_owned(),
        book: frame.book_label(&shown(&link.book)),
        href: Filters::address("/user", &[("id", key)]),
    }
}

fn line(frame: &PageFrame, line: &ActivityLine) -> ActivityView {
    let (class, state) = match line.state() {
        ActivityState::Posted => ("good", "posted"),
        ActivityState::Held => ("unknown", "held"),
        ActivityState::Released => ("unknown", "released"),
        ActivityState::Waiting => ("unknown", "waiting"),
        ActivityState::Blocked => ("bad", "blocked"),
        ActivityState::Unspecified => ("unknown", "unknown"),
    };
    let statement = Filters::address("/accounts", &[("book", &line.book), ("account", &line.account)]);
    ActivityView {
        time: TimeView::of(line.time.as_ref()),
        book: frame.book_label(&line.book),
        kind: shown(&line.kind).into_owned(),
        summary: shown(&line.summary).into_owned(),
        amount: unit_amount(line.amount.as_ref()),
        after: unit_amount(line.balance_after.as_ref()),
        class,
        state,
        case_state: shown(&line.case_state).replace('_', " "),
        case: things::label(line.case_kind()),
        href: things::href(line.case_kind(), &line.case_id, &line.book),
        account: shown(&line.account).into_owned(),
        statement: if line.account.is_empty() { String::new() } else { statement },
    }
}

#[cfg(test)]
mod tests {
    //! Unit tests of what is shown of a user's money.
    use super::*;
    use crate::pages::samples::{MARKUP, assert_text};
    use api::monitor::UnitAmount;

    #[test]
    fn markup_in_every_field_is_text() {
        let text = MARKUP.to_owned();
        let amount = Some(UnitAmount { unit: text.clone(), amount: -1 });
        let line = ActivityLine {
            book: text.clone(),
            kind: format!("{text} in another text"),
            summary: text.clone(),
            amount: amount.clone(),
            balance_after: amount,
            case_state: text.clone(),
            case_id: text.clone(),
            account: text.clone(),
            posting_id: text.clone(),
            ..ActivityLine::default()
        };
        let request =
            ListActivityRequest { user_id: text.clone(), book: text.clone(), page_size: 0, page_token: text.clone(), ..Default::default() };
        let link = PersonLink { book: text.clone(), user_id: "u7".to_owned(), person_id: text.clone(), ..PersonLink::default() };
        let other = PersonLink { book: text.clone(), user_id: text.clone(), ..PersonLink::default() };
        let answer = ListActivityResponse { lines: vec![line], next_page_token: text, links: vec![link, other] };
        assert_text(&user(PageFrame::bare("Users", None), &request, &answer), 13);
    }

    #[test]
    fn a_person_leads_to_their_users_and_a_user_to_the_person() {
        let link = PersonLink { book: "demo".to_owned(), user_id: "u7".to_owned(), person_id: "p1".to_owned(), ..PersonLink::default() };
        let of = |id: &str| same_person(&PageFrame::bare("Users", None), id, &link);
        let (person, user) = (of("p1"), of("u7"));
        assert_eq!((person.is_person, &*person.key, &*person.href), (false, "u7", "/user?id=u7"));
        assert_eq!((user.is_person, &*user.key, &*user.href), (true, "p1", "/user?id=p1"));
    }

    #[test]
    fn what_has_no_posting_has_no_balance_and_no_statement() {
        let found = ActivityLine { case_id: "p1".to_owned(), book: "demo".to_owned(), ..ActivityLine::default() };
        let shown = line(&PageFrame::bare("Users", None), &found);
        assert_eq!((shown.after.as_str(), shown.statement.as_str(), shown.state), ("", "", "unknown"));
        assert_eq!(shown.href, "/case?id=p1&book=demo");
    }
}
