//! What payouts wait for, or waited for: screening, approvals, limits, first payouts, names at the bank. Deciding is a call of its own, with what was seen here.
use crate::{
    answer::{ask_reason, failed, page, refused, without_frame},
    filters::Filters,
    frame::{LIST_REVIEWS, PageFrame},
    parts::{Console, ConsoleParts},
    view::{
        amounts::money,
        badges::{BadgeView, ChoiceView, choice, choices, word_of},
        calls::CallView,
        facts::joined,
        things::{self, UserLink},
        times::TimeView,
    },
    visitor::Visitor,
};
use api::{
    monitor::ThingKind,
    payout::{BlockedPayout, ListReviewsRequest, ListReviewsResponse, PayoutReview, ReviewHit, ReviewKind, ReviewState},
};
use askama::Template;
use axum::{
    extract::{RawQuery, State},
    response::Response,
};
use http::StatusCode;
use money::text::shown;
use serde_json::json;
use tonic::Status;

/// Reviews of a page.
const REVIEWS: i32 = 50;
/// States and kinds by their words in the contract; the first state is what a person looks for, and `any` is any.
const STATES: [&str; 4] = ["open", "any", "passed", "failed"];
const KINDS: [&str; 7] = ["any", "screening", "approval", "limit", "velocity", "first_payout", "payee"];

/// An entry of a sanctions list.
struct HitView {
    list: String,
    name: String,
    score: String,
    band: String,
    programs: String,
}

/// A review.
struct ReviewView {
    id: String,
    opened: TimeView,
    kind: String,
    state: BadgeView,
    user: UserLink,
    amount: String,
    payout: String,
    case: String,
    /// What was found.
    detail: String,
    hits: Vec<HitView>,
    /// Who decided what, and why.
    decided: String,
    decide_time: TimeView,
    due: TimeView,
    blocked: String,
    /// What a decision names.
    hash: String,
}

#[derive(Template)]
#[template(path = "reviews.html")]
struct ReviewsPage {
    frame: PageFrame,
    states: Vec<ChoiceView>,
    kinds: Vec<ChoiceView>,
    reviews: Vec<ReviewView>,
    older: String,
}

/// What the address asks for.
struct AskedReviews {
    book: String,
    state: &'static str,
    kind: &'static str,
    page: String,
}

pub(crate) async fn show(State(console): State<Console>, visitor: Visitor, RawQuery(query): RawQuery) -> Response {
    let filters = Filters::read(query.unwrap_or_default().as_bytes());
    let mut frame = match PageFrame::load(&console, &visitor, "Reviews", &filters).await {
        Ok(frame) => frame,
        Err(why) => return without_frame(why, &visitor),
    };
    let (Some(state), Some(kind)) = (choice(&STATES, filters.get("state")), choice(&KINDS, filters.get("kind"))) else {
        let why = "There is no such kind or state of a review.";
        return failed(frame, StatusCode::BAD_REQUEST, "This can't be asked", why);
    };
    let asked = AskedReviews { book: frame.book.clone(), state, kind, page: filters.get("page").to_owned() };
    frame.calls = vec![asked.call(&console)];
    frame.keep("/reviews", &[("state", state), ("kind", kind)]);
    if visitor.reason.is_none() || !console.sessions.covers::<&str>(&visitor.secret, &[]) {
        frame.reason = None;
        return ask_reason(frame);
    }
    match asked.load(&console, &visitor).await {
        Ok(answer) => page(StatusCode::OK, &asked.page(frame, &answer)),
        Err(status) => refused(frame, &visitor, &status),
    }
}

impl AskedReviews {
    fn state(&self) -> ReviewState {
        ReviewState::from_str_name(&format!("REVIEW_STATE_{}", self.state.to_ascii_uppercase())).unwrap_or_default()
    }

    fn kind(&self) -> ReviewKind {
        ReviewKind::from_str_name(&format!("REVIEW_KIND_{}", self.kind.to_ascii_uppercase())).unwrap_or_default()
    }

    fn call(&self, console: &ConsoleParts) -> CallView {
        let mut message = json!({"book": self.book, "pageSize": REVIEWS});
        if self.state() != ReviewState::Unspecified {
            message["state"] = json!(self.state().as_str_name());
        }
        if self.kind() != ReviewKind::Unspecified {
            message["kind"] = json!(self.kind().as_str_name());
        }
        CallView::new(&console.target, LIST_REVIEWS, &message)
    }

    async fn load(&self, console: &ConsoleParts, visitor: &Visitor) -> Result<ListReviewsResponse, Status> {
        let request = ListReviewsRequest {
            book: self.book.clone(),
            state: self.state().into(),
            kind: self.kind().into(),
            page_size: REVIEWS,
            page_token: self.page.clone(),
        };
        Ok(console.more.payout_client()?.list_reviews(visitor.request(request)).await?.into_inner())
    }

    fn page(&self, frame: PageFrame, answer: &ListReviewsResponse) -> ReviewsPage {
        let fields = [("book", &*self.book), ("state", self.state), ("kind", self.kind), ("page", &answer.next_page_token)];
        ReviewsPage {
            states: choices(&STATES, self.state),
            kinds: choices(&KINDS, self.kind),
            reviews: answer.reviews.iter().map(|found| review(&self.book, found)).collect(),
            older: if answer.next_page_token.is_empty() { String::new() } else { Filters::address("/reviews", &fields) },
            frame,
        }
    }
}

fn review(book: &str, of: &PayoutReview) -> ReviewView {
    let text = |text: &str| shown(text).into_owned();
    let word = word_of(of.state().as_str_name(), "REVIEW_STATE_");
    let class = match of.state() {
        ReviewState::Passed => "good",
        ReviewState::Failed => "bad",
        ReviewState::Open | ReviewState::Unspecified => "unknown",
    };
    let by = |what: &str, who: &str| if who.is_empty() { String::new() } else { format!("{what} by {}", shown(who)) };
    ReviewView {
        id: text(&of.review_id),
        opened: TimeView::of(of.create_time.as_ref()),
        kind: word_of(of.kind().as_str_name(), "REVIEW_KIND_").replace('_', " "),
        state: BadgeView { class, word },
        user: UserLink { user: text(&of.user_id), href: things::href(ThingKind::User, &of.user_id, "") },
        amount: money(of.amount.as_ref()),
        payout: Filters::address("/payout", &[("id", &of.payout_id), ("book", book)]),
        case: things::href(ThingKind::Payout, &of.payout_id, book),
        detail: text(&of.detail),
        hits: of.hits.iter().map(hit).collect(),
        decided: joined([by("a true match was proposed", &of.proposed_by), by("decided", &of.decided_by), text(&of.reason)], "; "),
        decide_time: TimeView::of(of.decide_time.as_ref()),
        due: TimeView::of(of.due_time.as_ref()),
        blocked: of.blocked.as_ref().map(blocked).unwrap_or_default(),
        hash: text(&of.hash),
    }
}

fn hit(of: &ReviewHit) -> HitView {
    let listed =
        if of.entry_id == 0 { "the name can't be compared with this list".to_owned() } else { shown(&of.listed_name).into_owned() };
    HitView {
        list: joined([shown(&of.list).into_owned(), shown(&of.edition_date).into_owned()], " of "),
        name: listed,
        score: format!("{}.{:03}", of.score_thousandths / 1_000, (of.score_thousandths % 1_000).abs()),
        band: shown(&of.band).into_owned(),
        programs: shown(&of.programs.join(", ")).into_owned(),
    }
}

/// The money that is blocked by law, in a sentence.
fn blocked(of: &BlockedPayout) -> String {
    let licence = if of.licence_number.is_empty() {
        "no licence is recorded".to_owned()
    } else {
        format!("licence {} of {}, recorded by {}", shown(&of.licence_number), shown(&of.licence_date), shown(&of.licence_recorded_by))
    };
    let end = if of.unblocked_by.is_empty() { String::new() } else { format!("released by {}", shown(&of.unblocked_by)) };
    joined([format!("blocked, to be reported by {}", shown(&of.report_due_date)), licence, end], "; ")
}

#[cfg(test)]
mod tests {
    //! Unit tests of the list.
    use super::*;
    use crate::pages::samples::{MARKUP, assert_text};

    #[test]
    fn markup_in_every_field_is_text() {
        let text = || MARKUP.to_owned();
        let hit = ReviewHit {
            list: text(),
            edition_date: text(),
            listed_name: text(),
            band: text(),
            programs: vec![text()],
            entry_id: 7,
            ..Default::default()
        };
        let blocked = BlockedPayout {
            report_due_date: text(),
            licence_number: text(),
            licence_date: text(),
            licence_recorded_by: text(),
            ..Default::default()
        };
        let found = PayoutReview {
            review_id: text(),
            payout_id: text(),
            user_id: text(),
            detail: text(),
            hits: vec![hit],
            hash: text(),
            proposed_by: text(),
            decided_by: text(),
            reason: text(),
            blocked: Some(blocked),
            ..PayoutReview::default()
        };
        let asked = AskedReviews { book: text(), state: "open", kind: "any", page: text() };
        let answer = ListReviewsResponse { reviews: vec![found], next_page_token: text() };
        assert_text(&asked.page(PageFrame::bare("Reviews", None), &answer), 12);
    }

    #[test]
    fn every_word_of_the_filters_is_one_of_the_contract() {
        let of = |state, kind| AskedReviews { book: String::new(), state, kind, page: String::new() };
        for state in STATES {
            assert_eq!(of(state, "any").state() == ReviewState::Unspecified, state == "any", "{state}");
        }
        for kind in KINDS {
            assert_eq!(of("any", kind).kind() == ReviewKind::Unspecified, kind == "any", "{kind}");
        }
    }
}
