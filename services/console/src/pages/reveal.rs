//! One part of one account's record in clear: an act of its own in the audit log, with the reason of the case. It is the answer to a form, so it is in no address,
//! in no history and in no file, and nothing of it is kept.
use crate::{
    answer::{ask_reason, failed, page, refused, without_frame},
    filters::Filters,
    frame::PageFrame,
    parts::Console,
    view::{
        badges::word_of,
        calls::{CallView, may},
    },
    visitor::Visitor,
};
use api::payout::{BeneficiaryPart, RevealBeneficiaryRequest, RevealBeneficiaryResponse};
use askama::Template;
use axum::{body::Bytes, extract::State, response::Response};
use http::StatusCode;
use identity::Role;
use money::text::shown;
use serde_json::json;

const REVEAL_BENEFICIARY: &str = "largesse.payout.v1.PayoutService/RevealBeneficiary";
const PARTS: [BeneficiaryPart; 5] = [
    BeneficiaryPart::Account,
    BeneficiaryPart::HolderName,
    BeneficiaryPart::BankHolderName,
    BeneficiaryPart::PostalAddress,
    BeneficiaryPart::TaxId,
];

/// A part that can be chosen.
pub(crate) struct PartChoice {
    pub(crate) word: String,
    pub(crate) label: String,
}

/// The form that asks for a part of an account's record; none for roles that may not.
pub(crate) struct RevealForm {
    pub(crate) book: String,
    pub(crate) user: String,
    pub(crate) beneficiary: String,
    pub(crate) parts: Vec<PartChoice>,
}

impl RevealForm {
    pub(crate) fn new(role: Role, book: &str, user: &str, beneficiary: &str) -> Option<Self> {
        may(role, REVEAL_BENEFICIARY).then(|| Self {
            book: book.to_owned(),
            user: shown(user).into_owned(),
            beneficiary: shown(beneficiary).into_owned(),
            parts: PARTS.into_iter().map(|part| PartChoice { word: word(part), label: word(part).replace('_', " ") }).collect(),
        })
    }
}

/// The word of a part in a form.
fn word(part: BeneficiaryPart) -> String {
    word_of(part.as_str_name(), "BENEFICIARY_PART_")
}

/// A field as its owner entered it.
struct ClearView {
    name: String,
    text: String,
}

#[derive(Template)]
#[template(path = "reveal.html")]
struct RevealPage {
    frame: PageFrame,
    part: String,
    user: String,
    fields: Vec<ClearView>,
    back: String,
}

pub(crate) async fn reveal(State(console): State<Console>, visitor: Visitor, form: Bytes) -> Response {
    let form = Filters::read(&form);
    let mut frame = match PageFrame::load(&console, &visitor, "In clear", &form).await {
        Ok(frame) => frame,
        Err(why) => return without_frame(why, &visitor),
    };
    let (book, user, beneficiary_id) = (frame.book.clone(), form.get("user").to_owned(), form.get("beneficiary").to_owned());
    let back = Filters::address("/creator", &[("id", &user), ("book", &book)]);
    // By an address alone nothing is shown; forms of this page lead back to where it was asked for.
    frame.address = back.clone();
    frame.keep("/creator", &[("id", &user)]);
    let Some(part) = PARTS.into_iter().find(|part| word(*part) == form.get("part")).filter(|_| !user.is_empty()) else {
        return failed(
            frame,
            StatusCode::BAD_REQUEST,
            "This can't be asked",
            "The form names no part of anybody's account; nothing was shown.",
        );
    };
    let message = json!({"book": book, "userId": user, "beneficiaryId": beneficiary_id, "part": part.as_str_name()});
    frame.calls = vec![CallView::new(&console.target, REVEAL_BENEFICIARY, &message)];
    if visitor.reason.is_none() || !console.sessions.covers(&visitor.secret, &[&user]) {
        frame.reason = None;
        return ask_reason(frame);
    }
    let request = RevealBeneficiaryRequest { book, user_id: user.clone(), beneficiary_id, part: part.into() };
    let found = match console.more.payout_client() {
        Ok(mut client) => client.reveal_beneficiary(visitor.request(request)).await,
        Err(status) => Err(status),
    };
    match found {
        Ok(answer) => page(StatusCode::OK, &revealed(frame, &user, part, &answer.into_inner(), back)),
        Err(status) => refused(frame, &visitor, &status),
    }
}

fn revealed(frame: PageFrame, user: &str, part: BeneficiaryPart, answer: &RevealBeneficiaryResponse, back: String) -> RevealPage {
    let fields = answer.fields.iter().map(|field| {
        let text = shown(&field.value).into_owned();
        ClearView { name: shown(&field.name).replace('_', " "), text }
    });
    RevealPage { part: word(part).replace('_', " "), user: shown(user).into_owned(), fields: fields.collect(), back, frame }
}

#[cfg(test)]
mod tests {
    //! Unit tests of the page.
    use super::*;
    use crate::pages::samples::{MARKUP, assert_text};
    use api::payout::RevealedField;

    #[test]
    fn markup_in_every_field_is_text() {
        let field = RevealedField { name: MARKUP.to_owned(), value: MARKUP.to_owned() };
        let answer = RevealBeneficiaryResponse { fields: vec![field] };
        let page = revealed(PageFrame::bare("In clear", None), MARKUP, BeneficiaryPart::Account, &answer, "/creator".to_owned());
        assert_text(&page, 3);
    }

    #[test]
    fn who_may_not_reveal_has_no_form() {
        let of = |role| RevealForm::new(role, "demo", "ana", "id").map(|form| form.parts.len());
        assert_eq!([Role::Support, Role::Finance, Role::Auditor, Role::Admin].map(of), [Some(5); 4]);
        assert_eq!([Role::Viewer, Role::Creator, Role::Service].map(of), [None; 3]);
        assert_eq!(PARTS.map(word), ["account", "holder_name", "bank_holder_name", "postal_address", "tax_id"]);
    }
}
