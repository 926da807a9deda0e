//! The catalogue of gifts, by name; the id of a gift that was sent leads to its case.
use crate::{
    answer::{page, refused, without_frame},
    filters::Filters,
    frame::{LIST_GIFTS, PageFrame},
    parts::Console,
    view::{amounts::count, calls::CallView, things},
    visitor::Visitor,
};
use api::{
    gift::{Gift, ListGiftsRequest, ListGiftsResponse},
    monitor::ThingKind,
};
use askama::Template;
use axum::{
    extract::{RawQuery, State},
    response::{IntoResponse as _, Redirect, Response},
};
use http::StatusCode;
use money::text::shown;
use serde_json::json;

/// Gifts of a page.
const GIFTS: i32 = 200;

/// A gift on sale.
struct GiftView {
    number: String,
    name: String,
    cost: String,
    streakable: bool,
}

#[derive(Template)]
#[template(path = "gifts.html")]
struct CataloguePage {
    frame: PageFrame,
    /// What names are looked for in this page of the catalogue.
    name: String,
    version: String,
    gifts: Vec<GiftView>,
    more: String,
}

pub(crate) async fn show(State(console): State<Console>, visitor: Visitor, RawQuery(query): RawQuery) -> Response {
    let filters = Filters::read(query.unwrap_or_default().as_bytes());
    let mut frame = match PageFrame::load(&console, &visitor, "Gifts", &filters).await {
        Ok(frame) => frame,
        Err(why) => return without_frame(why, &visitor),
    };
    if !filters.get("id").is_empty() {
        return Redirect::to(&things::href(ThingKind::Gift, filters.get("id"), &frame.book)).into_response();
    }
    frame.calls = vec![CallView::new(&console.target, LIST_GIFTS, &json!({"book": frame.book, "pageSize": GIFTS}))];
    let request = ListGiftsRequest { book: frame.book.clone(), page_size: GIFTS, page_token: filters.get("page").to_owned() };
    let found = match console.more.gift_client() {
        Ok(mut client) => client.list_gifts(visitor.request(request)).await,
        Err(status) => Err(status),
    };
    match found {
        Ok(answer) => page(StatusCode::OK, &gifts(frame, filters.get("name"), &answer.into_inner())),
        Err(status) => refused(frame, &visitor, &status),
    }
}

fn gifts(frame: PageFrame, name: &str, answer: &ListGiftsResponse) -> CataloguePage {
    let wanted = name.to_lowercase();
    let more = Filters::address("/gifts", &[("book", &frame.book), ("name", name), ("page", &answer.next_page_token)]);
    CataloguePage {
        name: name.to_owned(),
        version: shown(&answer.catalogue_version).into_owned(),
        gifts: answer.gifts.iter().filter(|gift| gift.name.to_lowercase().contains(&wanted)).map(gift).collect(),
        more: if answer.next_page_token.is_empty() { String::new() } else { more },
        frame,
    }
}

fn gift(gift: &Gift) -> GiftView {
    GiftView {
        number: gift.gift_id.to_string(),
        name: shown(&gift.name).into_owned(),
        cost: count(gift.cost_coins),
        streakable: gift.streakable,
    }
}

#[cfg(test)]
mod tests {
    //! Unit tests of the catalogue.
    use super::*;
    use crate::pages::samples::{MARKUP, assert_text};

    #[test]
    fn markup_in_every_field_is_text() {
        let gift = Gift { name: MARKUP.to_owned(), ..Gift::default() };
        let answer = ListGiftsResponse { gifts: vec![gift], catalogue_version: MARKUP.to_owned(), next_page_token: MARKUP.to_owned() };
        assert_text(&gifts(PageFrame::bare("Gifts", None), "script", &answer), 2);
    }

    #[test]
    fn a_name_is_found_in_any_case() {
        let named = |name: &str| Gift { name: name.to_owned(), ..Gift::default() };
        let answer = ListGiftsResponse { gifts: vec![named("Rose"), named("Universe")], ..ListGiftsResponse::default() };
        let found = |name: &str| gifts(PageFrame::bare("Gifts", None), name, &answer).gifts.len();
        assert_eq!((found(""), found("ROS"), found("nothing")), (2, 1, 0));
    }
}
