//! The handlers of consent to answers about refunds.

use api::purchase::{
    GetRefundConsentRequest, GetRefundConsentResponse, RefundConsent as WireConsent, SetRefundConsentRequest, SetRefundConsentResponse,
};
use db::requests::SentFields;
use identity::Role;
use money::RequestId;
use rpc::Violations;
use rpc::wire::timestamp_ms;
use tonic::{Request, Response, Status};

use crate::error::Error;
use crate::purchases::Purchases;
use crate::questions::ConsentRequest;
use crate::questions::consent::{ConsentSetter, RefundConsent};

/// Longest name of a text that a user is shown, in bytes.
const TERMS_BYTES_MAX: usize = 64;

fn wire(consent: &RefundConsent) -> WireConsent {
    WireConsent {
        consents: consent.consents,
        terms: consent.terms.clone(),
        set_by: consent.set_by.word().to_owned(),
        set_time: Some(timestamp_ms(consent.set_at_ms)),
    }
}

pub(super) async fn set(
    purchases: &Purchases,
    request: Request<SetRefundConsentRequest>,
) -> Result<Response<SetRefundConsentResponse>, Status> {
    let caller = rpc::caller(&request)?;
    let request = request.into_inner();
    let mut wrong = Violations::default();
    let request_id = wrong.take(RequestId::parse(&request.request_id).map_err(|error| rpc::malformed("request_id", &error.must())));
    let who = wrong.take(caller.book_and_user(&request.book, &request.user_id));
    let is_named = !request.consents || !request.terms.is_empty();
    let fits = request.terms.len() <= TERMS_BYTES_MAX && money::text::is_plain(&request.terms);
    if !is_named || !fits {
        let must = format!("must have at most {TERMS_BYTES_MAX} bytes and no control characters, and name a text where the user consents");
        wrong.add(rpc::malformed("terms", &must));
    }
    let (Some(request_id), Some((book, user)), true) = (request_id, who, is_named && fits) else { return Err(wrong.into_status()) };
    let set_by = match caller.principal.role {
        Role::Viewer | Role::Creator => ConsentSetter::User,
        Role::Service => ConsentSetter::Service,
        Role::Support | Role::Finance | Role::Auditor | Role::Admin => ConsentSetter::Staff,
    };
    let fields = SentFields::new().with("user_id", &request.user_id).with("consents", request.consents).with("terms", &request.terms);
    let asked = ConsentRequest { book, user, request_id, consents: request.consents, terms: request.terms, set_by, fields };
    let (consent, replayed) = purchases.set_consent(&asked).await?;
    Ok(Response::new(SetRefundConsentResponse { consent: Some(wire(&consent)), replayed }))
}

pub(super) async fn get(
    purchases: &Purchases,
    request: Request<GetRefundConsentRequest>,
) -> Result<Response<GetRefundConsentResponse>, Status> {
    let caller = rpc::caller(&request)?;
    let request = request.into_inner();
    let (book, user) = caller.book_and_user(&request.book, &request.user_id)?;
    let found = purchases.store.consent_of(&book, &user).await.map_err(Error::from)?;
    Ok(Response::new(GetRefundConsentResponse { consent: Some(found.as_ref().map(wire).unwrap_or_default()) }))
}
