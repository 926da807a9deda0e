//! The time zone that a reader chose, kept in a cookie of their browser, so that every page shows times in it without a script.
use crate::{
    answer::failed,
    filters::{Filters, own_path},
    frame::PageFrame,
    parts::Console,
    view::times::ReaderZone,
    visitor::Visitor,
};
use axum::{
    body::Bytes,
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse as _, Redirect, Response},
};
use http::{StatusCode, header};

/// How long a browser remembers it: a year.
const KEPT_S: u64 = 31_536_000;

/// Makes a page in the zone of its reader.
pub(crate) async fn show_in(State(console): State<Console>, request: Request, next: Next) -> Response {
    let chosen = console.cookies.read(request.headers(), console.cookies.zone()).and_then(ReaderZone::find);
    match chosen {
        Some(zone) => zone.show(next.run(request)).await,
        None => next.run(request).await,
    }
}

/// Keeps the zone that a reader chose.
pub(crate) async fn choose(State(console): State<Console>, visitor: Visitor, form: Bytes) -> Response {
    let form = Filters::read(&form);
    let asked = form.get("zone");
    let zone = console.cookies.zone();
    let cookie = match ReaderZone::find(asked) {
        Some(found) => console.cookies.set(zone, found.name(), Some(KEPT_S)),
        None if asked.is_empty() || asked.eq_ignore_ascii_case("UTC") => console.cookies.clear(zone),
        None => {
            let why = "A zone has a name such as Europe/Berlin, America/New_York, Asia/Shanghai or UTC.";
            return failed(PageFrame::bare("Times", Some(&visitor.person)), StatusCode::BAD_REQUEST, "There is no such time zone", why);
        }
    };
    let mut answer = Redirect::to(own_path(form.get("then"))).into_response();
    answer.headers_mut().append(header::SET_COOKIE, cookie);
    answer
}
