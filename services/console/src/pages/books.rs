//! Every book that the reader's token covers: which money it has, whether it is right, and where its journal is.
use crate::{
    answer::{page, refused, without_frame},
    figures::{GET_FIGURES, head},
    filters::Filters,
    frame::{HEALTH, LIST_BOOKS, ModeView, PageFrame, mode},
    parts::Console,
    view::{amounts::count, calls::CallView, times::TimeView},
    visitor::Visitor,
};
use api::{
    ledger::{Book, ListBooksRequest, ledger_service_client::LedgerServiceClient},
    monitor::{BookHealth, CheckOutcome, GetFiguresRequest, GetFiguresResponse, LedgerContact},
};
use askama::Template;
use axum::{
    extract::{RawQuery, State},
    response::Response,
};
use futures::{StreamExt as _, stream};
use http::StatusCode;
use money::text::shown;
use serde_json::json;
use tonic::{Request, Status};

/// Books of a page.
const BOOKS: i32 = 50;
/// Books whose heads are asked for at once.
const AT_ONCE: usize = 8;

/// A book.
struct BookCard {
    name: String,
    mode: ModeView,
    region: String,
    made: TimeView,
    class: &'static str,
    health: &'static str,
    /// Events that the audit has not read yet.
    behind: String,
    seq: String,
    hash: String,
    last: TimeView,
    /// Since when the ledger does not answer.
    lost: TimeView,
    /// Why the head is not known.
    failure: String,
    payments: String,
    trial_balance: String,
}

#[derive(Template)]
#[template(path = "books.html")]
struct BooksPage {
    frame: PageFrame,
    books: Vec<BookCard>,
    more: String,
}

pub(crate) async fn show(State(console): State<Console>, visitor: Visitor, RawQuery(query): RawQuery) -> Response {
    let filters = Filters::read(query.unwrap_or_default().as_bytes());
    let mut frame = match PageFrame::load(&console, &visitor, "Books", &filters).await {
        Ok(frame) => frame,
        Err(why) => return without_frame(why, &visitor),
    };
    frame.across_books();
    let call = |rpc, message| CallView::new(&console.target, rpc, &message);
    frame.calls = vec![call(LIST_BOOKS, json!({"pageSize": BOOKS})), call(HEALTH, json!({})), call(GET_FIGURES, head("BOOK").1)];
    let request = ListBooksRequest { page_size: BOOKS, page_token: filters.get("page").to_owned() };
    let answer = match LedgerServiceClient::new(console.ledger.clone()).list_books(visitor.request(request)).await {
        Ok(answer) => answer.into_inner(),
        Err(status) => return refused(frame, &visitor, &status),
    };
    let asked: Vec<_> = answer.books.iter().map(|book| head_of(&console, visitor.request(head(&book.name).0))).collect();
    let heads: Vec<_> = stream::iter(asked).buffered(AT_ONCE).collect().await;
    let health = frame.audit.take();
    let of_book = |book: &Book| health.as_ref().and_then(|health| health.books.iter().find(|found| found.book == book.name));
    let books = answer.books.iter().zip(heads).map(|(found, head)| book(found, of_book(found), head)).collect();
    let more = match answer.next_page_token.is_empty() {
        true => String::new(),
        false => Filters::address("/books", &[("page", &answer.next_page_token)]),
    };
    page(StatusCode::OK, &BooksPage { frame, books, more })
}

async fn head_of(console: &Console, request: Request<GetFiguresRequest>) -> Result<GetFiguresResponse, Status> {
    Ok(console.monitor_client().get_figures(request).await?.into_inner())
}

fn book(book: &Book, health: Option<&BookHealth>, head: Result<GetFiguresResponse, Status>) -> BookCard {
    let (head, failure) = match head {
        Ok(head) => (head, String::new()),
        Err(status) => (GetFiguresResponse::default(), crate::answer::in_words(&status)),
    };
    let failed = |health: &BookHealth| health.checks.iter().any(|check| check.outcome() == CheckOutcome::Failed);
    let (class, word) = match health {
        Some(health) if health.healthy => ("good", "right"),
        Some(health) if failed(health) => ("bad", "wrong"),
        Some(_) | None => ("unknown", "not known yet"),
    };
    BookCard {
        name: book.name.clone(),
        mode: mode(book),
        region: shown(&book.region).into_owned(),
        made: TimeView::of(book.create_time.as_ref()),
        class,
        health: word,
        behind: health.map_or_else(|| "not known".to_owned(), |health| count(health.events_behind)),
        seq: count(head.head_seq),
        hash: head.head_hash.clone(),
        last: TimeView::of(head.last_commit_time.as_ref()),
        lost: match head.ledger() {
            LedgerContact::Lost => TimeView::of(head.ledger_lost_time.as_ref()),
            LedgerContact::Live | LedgerContact::Unspecified => TimeView::default(),
        },
        failure,
        payments: Filters::address("/payments", &[("book", &book.name)]),
        trial_balance: Filters::address("/trial-balance", &[("book", &book.name)]),
    }
}

#[cfg(test)]
mod tests {
    //! Unit tests of what is shown of books.
    use super::*;
    use crate::pages::samples::{MARKUP, assert_text};

    #[test]
    fn markup_in_every_field_is_text_and_what_is_not_known_is_not_right() {
        let text = MARKUP.to_owned();
        let found = Book { name: text.clone(), region: text.clone(), ..Book::default() };
        let shown = book(&found, None, Err(Status::unavailable(text.clone())));
        assert_eq!((shown.health, shown.behind.as_str(), shown.mode.word), ("not known yet", "not known", "NO BOOK"));
        let head = GetFiguresResponse { head_hash: text.clone(), head_seq: 1_234, ..GetFiguresResponse::default() };
        let other = book(&found, Some(&BookHealth { healthy: true, ..BookHealth::default() }), Ok(head));
        assert_eq!((other.health, other.seq.as_str()), ("right", "1,234"));
        assert_text(&BooksPage { frame: PageFrame::bare("Books", None), books: vec![shown, other], more: text }, 6);
    }
}
