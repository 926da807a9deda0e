//! App Store Server Notifications, version 2: a JWS of Apple's, signed like a receipt, about one app, and often with a receipt inside.

use super::{ReceiptVerifier, claims, parts, refused_by_library};
use crate::domain::StoreKind;
use crate::domain::event::{EventState, StoreEvent};
use crate::domain::refusal::ReceiptRefusal;
use crate::refunds::fact::FactStatus;
use crate::stores::ID_BYTES_MAX;
use crate::stores::receipt::RefusedReceipt;
use app_store_server_library::models::app_store_environment::Environment;
use app_store_server_library::models::notification_type_v2::NotificationTypeV2 as Kind;
use app_store_server_library::models::response_body_v2_decoded_payload::ResponseBodyV2DecodedPayload;
use app_store_server_library::signed_data_verifier::SignedDataVerifierError;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chart::BookKind;
use money::BookName;
use serde::Deserialize;

/// Largest notification that is taken, in bytes; real ones have 10 to 20 KiB.
pub const NOTIFICATION_BYTES_MAX: usize = 64 * 1024;

/// Kind of a notification that a refund was granted.
pub(crate) const REFUND: &str = "REFUND";

/// What the ids of external purchases of the sandbox begin with, in capitals; such a notification names no environment.
const SANDBOX_PURCHASE: &str = "sandbox";

/// The body of Apple's request.
#[derive(Deserialize)]
struct SignedBody {
    #[serde(rename = "signedPayload")]
    signed_payload: String,
}

/// The signed payload of a request's body; `None` if it has none.
pub(crate) fn signed_payload(body: &[u8]) -> Option<String> {
    serde_json::from_slice::<SignedBody>(body).ok().map(|body| body.signed_payload)
}

/// The receipt in a payload that was verified before.
pub(crate) fn receipt(payload: &str) -> Option<String> {
    let bytes = URL_SAFE_NO_PAD.decode(payload.split('.').nth(1)?.trim_end_matches('=')).ok()?;
    serde_json::from_slice::<ResponseBodyV2DecodedPayload>(&bytes).ok()?.data?.signed_transaction_info
}

/// What a notification of this type says of a refund: that it is granted, or taken back; `None` for neither.
pub(crate) fn refund_word(kind: &str) -> Option<FactStatus> {
    let found = [(Kind::AdvancedCommerceRefund, FactStatus::Granted), (Kind::RefundReversed, FactStatus::Undone)];
    found.into_iter().find(|(of, _)| of.raw_value() == kind).map(|(_, status)| status)
}

/// Whether a notification of this type asks about a refund.
pub(crate) fn asks_about_refund(kind: &str) -> bool {
    Kind::ConsumptionRequest.raw_value() == kind
}

/// The download of the app for which a payload that was verified before withdraws consent; `None` if it withdraws none, or names no download.
pub(crate) fn rescinded_download(event: &StoreEvent) -> Option<String> {
    if event.kind != Kind::RescindConsent.raw_value() {
        return None;
    }
    let app = claims::of(&event.payload).get("appData")?.get("signedAppTransactionInfo")?.as_str().map(claims::app_transaction)?;
    (!app.is_empty()).then_some(app)
}

/// How much of its transaction a payload that was verified before says is paid back, in thousandths of a percent; `None` where it has none that can be read.
pub(crate) fn refunded_milliunits(payload: &str) -> Option<i64> {
    const WHOLE: i64 = 100_000;
    // A refund that is listed is a transaction itself.
    let transaction = claims::of(receipt(payload).as_deref().unwrap_or(payload));
    if !transaction.contains_key("transactionId") {
        return None;
    }
    match transaction.get("revocationPercentage") {
        None | Some(serde_json::Value::Null) => Some(WHOLE),
        Some(percentage) => percentage.as_i64(),
    }
}

/// The app that a notification is about, in one of four places.
fn subject(said: &ResponseBodyV2DecodedPayload) -> (Option<&String>, Option<Environment>) {
    if let Some(data) = &said.data {
        return (data.bundle_id.as_ref(), data.environment.clone());
    }
    if let Some(summary) = &said.summary {
        return (summary.bundle_id.as_ref(), summary.environment.clone());
    }
    if let Some(token) = &said.external_purchase_token {
        let begins = token.external_purchase_id.as_ref().and_then(|id| id.get(..SANDBOX_PURCHASE.len()));
        let of_sandbox = begins.is_some_and(|begins| begins.eq_ignore_ascii_case(SANDBOX_PURCHASE));
        return (token.bundle_id.as_ref(), Some(if of_sandbox { Environment::Sandbox } else { Environment::Production }));
    }
    said.app_data.as_ref().map_or((None, None), |app| (app.bundle_id.as_ref(), app.environment.clone()))
}

/// What becomes of a notification of this type.
fn state(kind: &Kind) -> EventState {
    match kind {
        Kind::OneTimeCharge => EventState::New,
        Kind::AdvancedCommerceRefund | Kind::RefundDeclined | Kind::RefundReversed | Kind::ConsumptionRequest => {
            EventState::WaitsForRefunds
        }
        Kind::RescindConsent | Kind::ExternalPurchaseToken => EventState::WaitsForStaff,
        Kind::NotSupported(_) => EventState::Unknown,
        // Of subscriptions and of families, to whom coins are not sold.
        Kind::Test
        | Kind::Revoke
        | Kind::Subscribed
        | Kind::DidChangeRenewalPref
        | Kind::DidChangeRenewalStatus
        | Kind::OfferRedeemed
        | Kind::DidRenew
        | Kind::Expired
        | Kind::DidFailToRenew
        | Kind::GracePeriodExpired
        | Kind::PriceIncrease
        | Kind::RenewalExtended
        | Kind::RenewalExtension
        | Kind::MetadataUpdate
        | Kind::Migration
        | Kind::PriceChange => EventState::Noted,
    }
}

impl ReceiptVerifier {
    /// Verifies a notification, or returns what is wrong with it; with the kind of book that it may be about. Takes about a millisecond.
    pub fn notification(&self, signed_payload: &str) -> Result<(BookKind, StoreEvent), RefusedReceipt> {
        let (certificates, claimed) = parts::read::<ResponseBodyV2DecodedPayload>(signed_payload, NOTIFICATION_BYTES_MAX)?;
        let (bundle, environment) = subject(&claimed);
        let kind = match environment {
            Some(Environment::Production) => BookKind::Live,
            Some(Environment::Sandbox) => BookKind::Test,
            Some(Environment::Xcode | Environment::LocalTesting | Environment::NotSupported(_)) | None => {
                return Err(refused_by_library(&SignedDataVerifierError::InvalidEnvironment));
            }
        };
        // Only claimed so far; the library compares it with the signed content.
        let app = bundle.and_then(|bundle| self.bundles.get_key_value(bundle));
        let library = self.library(kind, &certificates, claimed.signed_date.map(|date| date.timestamp()), app)?;
        let said = library.verify_and_decode_notification(signed_payload).map_err(|error| refused_by_library(&error))?;
        let book = app.and_then(|(_, app)| BookName::try_new(&app.book).ok());
        let (Some((bundle_id, _)), Some(book)) = (app, book) else {
            return Err(refused_by_library(&SignedDataVerifierError::InvalidAppIdentifier));
        };
        Ok((kind, event(said, bundle_id, book, signed_payload)?))
    }
}

fn event(said: ResponseBodyV2DecodedPayload, bundle_id: &str, book: BookName, payload: &str) -> Result<StoreEvent, RefusedReceipt> {
    let malformed = |what: &str| RefusedReceipt::new(ReceiptRefusal::Malformed, format!("{what} is missing or not of its form"));
    let word = |text: &str, name: &str| {
        let fits = (1..=ID_BYTES_MAX).contains(&text.len()) && money::text::is_plain(text);
        if fits { Ok(text.to_owned()) } else { Err(malformed(name)) }
    };
    let kind = said.notification_type.as_ref().ok_or_else(|| malformed("notificationType"))?;
    let subtype = said.subtype.as_ref().and_then(|subtype| serde_json::to_value(subtype).ok());
    let subtype = subtype.as_ref().and_then(serde_json::Value::as_str).map_or(Ok(String::new()), |text| word(text, "subtype"))?;
    let (_, environment) = subject(&said);
    let receipt = said.data.as_ref().and_then(|data| data.signed_transaction_info.as_deref()).unwrap_or_default();
    Ok(StoreEvent {
        store: StoreKind::Apple,
        event_id: word(said.notification_uuid.as_deref().unwrap_or_default(), "notificationUUID")?,
        book,
        state: state(kind),
        kind: word(kind.raw_value(), "notificationType")?,
        subtype,
        environment: super::word(&environment.ok_or_else(|| malformed("environment"))?)?,
        bundle_id: bundle_id.to_owned(),
        transaction_id: claims::read(receipt).transaction_id,
        account_token: claims::account_token(receipt),
        signed_at_ms: said.signed_date.map_or(0, |date| date.timestamp_millis()),
        payload: payload.to_owned(),
        tries: 0,
    })
}
