//! Staff actions: they need a reason, and are recorded in the audit log before they are executed.
//!
//! Every call of a member of staff is a line in the support service's audit log before its handler runs, and another when it ended. If the first can't be
//! written the call is refused: no unrecorded action may happen.
use crate::{Caller, Transport, context, errors, methods::Method, trace};
use api::support::{Act, ActPhase, RecordActRequest, support_service_client::SupportServiceClient};
use bytes::{Buf as _, Bytes};
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt as _, Full, Limited};
use identity::Role;
use money::{
    BookName, UserKey,
    text::{is_plain, shown},
};
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor, Value};
use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};
use tonic::{Code, Status, body::Body};
use uuid::Uuid;

pub(crate) mod refused;
mod streamed;
#[cfg(test)]
mod tests;

/// The metadata in which staff give their reason. UTF-8, percent-encoded if it is not ASCII.
pub const REASON: &str = "largesse-reason";
/// Bytes of a reason. A shorter one says nothing; a longer one belongs in the ticket that it names.
const REASON_BYTES: std::ops::RangeInclusive<usize> = 8..=500;
/// Bytes of a request that are recorded.
const REQUEST_BYTES_MAX: usize = 8 * 1024;
/// Bytes of a staff request: the support service hashes it whole, so it is sent there whole. Four times what a proposal can have.
const WHOLE_BYTES_MAX: usize = 256 * 1024;
/// Users, or accounts, that a staff request may name: each is recorded with the action.
const NAMES_MAX: usize = 256;
/// Bytes of a user's name with its length; an account's name has at most as many again.
const NAME_BYTES: usize = 72;
/// Bytes of caller, reason and outcome.
const TEXTS_BYTES: usize = 4 * 1024;
// What is recorded must fit into the message, or staff could not do what users can.
const _: () = assert!(WHOLE_BYTES_MAX + REQUEST_BYTES_MAX + NAMES_MAX * 3 * NAME_BYTES + TEXTS_BYTES <= identity::access::ACT_BYTES_MAX);
/// Bytes before a message: whether it is compressed, and its length.
const PREFIX: usize = 5;
/// How long recording the end may delay an answer that is ready.
const END_TIMEOUT: Duration = Duration::from_secs(2);

/// Whether a role is staff's: people who act on others' data.
#[must_use]
pub fn is_staff(role: Role) -> bool {
    role.is_staff()
}

/// The reason a member of staff gives; or the refusal if the table of access requires one.
pub(crate) fn reason(method: &Method, role: Role, headers: &HeaderMap) -> Result<Option<Arc<str>>, Status> {
    if !is_staff(role) {
        return Ok(None);
    }
    let required = |why: &str| {
        let facts = [("metadata", REASON.to_owned()), ("rpc", method.name().to_owned())];
        errors::refused(Code::InvalidArgument, "REASON_REQUIRED", why.to_owned(), &facts)
    };
    let Some(value) = headers.get(REASON) else {
        return if method.row.reason { Err(required("staff must give a reason; set the metadata largesse-reason")) } else { Ok(None) };
    };
    let text = value.to_str().map_err(|_| required("percent-encode what is not ASCII"))?;
    let text = percent_encoding::percent_decode_str(text).decode_utf8().map_err(|_| required("not UTF-8 when percent-decoded"))?;
    let text = text.trim();
    if !REASON_BYTES.contains(&text.len()) || !is_plain(text) {
        return Err(required("8 to 500 bytes of text without hidden characters, such as `ticket 4711: coins missing`"));
    }
    Ok(Some(text.into()))
}

/// The message types of all RPCs, to record requests as JSON.
pub(crate) struct RequestShapes(HashMap<String, MessageDescriptor>);

impl RequestShapes {
    pub(crate) fn try_new() -> Result<Self, String> {
        let pool = DescriptorPool::decode(api::FILE_DESCRIPTOR_SET).map_err(|error| error.to_string())?;
        let methods = pool.services().flat_map(|service| service.methods().collect::<Vec<_>>());
        let shapes = methods.map(|method| (format!("/{}/{}", method.parent_service().full_name(), method.name()), method.input()));
        Ok(Self(shapes.collect()))
    }

    /// The one message in `framed`. A request that could not be recorded as it will be handled is refused: a second message after the first, a wrong
    /// length, anything compressed.
    fn read(&self, path: &str, framed: &Bytes) -> Result<DynamicMessage, Status> {
        let refused = || errors::malformed("request", "must be one message that is not compressed, and nothing after it");
        let mut message = framed.clone();
        if message.len() < PREFIX || message.get_u8() != 0 || usize::try_from(message.get_u32()) != Ok(message.len()) {
            return Err(refused());
        }
        let shape = self.0.get(path).ok_or_else(|| errors::internal(&std::io::Error::other("an RPC without a message type")))?;
        DynamicMessage::decode(shape.clone(), message).map_err(|_| refused())
    }
}

/// An action recorded as begun.
pub(crate) struct StartedAct {
    act: Act,
    record: Transport,
}

/// Records what `caller` is about to do, and hands the request on. A failure to record is the call's answer.
pub(crate) async fn begin(
    shapes: &RequestShapes,
    record: &Transport,
    method: &Method,
    caller: &Caller,
    request: Request<Body>,
) -> Result<(StartedAct, Request<Body>), Status> {
    let (head, body) = request.into_parts();
    // A stream of requests begins with the one that says what it is about; it is recorded in place of all.
    let (act, body) = if method.client_streaming {
        let (first, body) = streamed::begun(body).await?;
        let recorded = match first {
            None => act(method, caller, None)?,
            Some(first) => {
                let message = shapes.read(method.row.path, &first)?;
                Act { request: first.slice(PREFIX..).to_vec(), ..act(method, caller, Some(&message))? }
            }
        };
        (recorded, body)
    } else {
        let bytes = collect(body).await?;
        let message = shapes.read(method.row.path, &bytes)?;
        let request = bytes.slice(PREFIX..).to_vec();
        (Act { request, ..act(method, caller, Some(&message))? }, Body::new(Full::new(bytes)))
    };
    record_phase(record, &act, ActPhase::Begun).await.map_err(|status| {
        tracing::error!(code = ?status.code(), message = status.message(), "a staff action could not be recorded in the audit log, so it was refused");
        errors::audit_unavailable()
    })?;
    Ok((StartedAct { act, record: record.clone() }, Request::from_parts(head, body)))
}

impl StartedAct {
    /// Records how the action ended. Its beginning is recorded already, so a failure here delays the answer only briefly.
    pub(crate) async fn end(mut self, outcome: &Result<&HeaderMap, &Status>) {
        self.act.outcome = match outcome {
            Ok(headers) => {
                outcome_text(trace::outcome(headers), headers.get("grpc-message").and_then(|value| value.to_str().ok()).unwrap_or_default())
            }
            Err(status) => outcome_text(status.code(), status.message()),
        };
        // The call's own deadline may have passed; that, too, should be recorded.
        let trace = context::CallContext { deadline: None, ..context::current() };
        let recording = context::enter(trace, record_phase(&self.record, &self.act, ActPhase::Ended));
        let failed = match tokio::time::timeout(END_TIMEOUT, recording).await {
            Ok(Ok(())) => return,
            Ok(Err(status)) => status.message().to_owned(),
            Err(_) => "it took too long".to_owned(),
        };
        tracing::error!(
            act = self.act.act_id,
            error = failed,
            "the end of a staff action could not be recorded in the audit log; its beginning was"
        );
    }
}

/// `NOT_FOUND PAYOUT_UNKNOWN`: the code, and the reason that begins our messages.
fn outcome_text(code: Code, message: &str) -> String {
    let name = format!("{code:?}");
    let upper = name.char_indices().fold(String::new(), |mut text, (at, letter)| {
        if at > 0 && letter.is_ascii_uppercase() {
            text.push('_');
        }
        text.push(letter.to_ascii_uppercase());
        text
    });
    let reason = message.split(':').next().unwrap_or_default();
    let is_reason = !reason.is_empty() && reason.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
    if is_reason { format!("{upper} {reason}") } else { upper }
}

fn act(method: &Method, caller: &Caller, message: Option<&DynamicMessage>) -> Result<Act, Status> {
    let principal = &caller.principal;
    let named = message.and_then(|message| Some(message.get_field_by_name("book")?.as_str()?.to_owned()));
    // Invalid names are recorded in the request only: the handler refuses them.
    let named = named.and_then(|book| BookName::try_new(&book).ok());
    let book = named.as_ref().or(principal.books.single()).map(ToString::to_string).unwrap_or_default();
    let user_id = message.and_then(concerned).unwrap_or_default();
    let mut names = RequestNames::default();
    message.into_iter().for_each(|message| names.add(message));
    if names.users.len() > NAMES_MAX || names.accounts.len() > NAMES_MAX {
        return Err(errors::malformed("request", &format!("must name at most {NAMES_MAX} users and as many accounts, as a call of staff")));
    }
    let json = match message.map(serde_json::to_string) {
        None => String::new(),
        Some(Ok(json)) => json,
        Some(Err(error)) => return Err(errors::malformed("request", &format!("must be readable: {error}"))),
    };
    Ok(Act {
        act_id: Uuid::now_v7().to_string(),
        subject: principal.subject.to_string(),
        issuer: cut(&principal.issuer, 512),
        role: principal.role.to_string(),
        rpc: method.name().to_owned(),
        book,
        user_id,
        reason: caller.reason.as_deref().unwrap_or_default().to_owned(),
        request_json: cut(&shown(&json), REQUEST_BYTES_MAX),
        user_ids: names.users.into_iter().collect(),
        accounts: names.accounts.into_iter().collect(),
        ..Act::default()
    })
}

/// All users and accounts that a request names, at any depth: the recorded request may be cut before their names.
#[derive(Default)]
struct RequestNames {
    users: BTreeSet<String>,
    accounts: BTreeSet<String>,
}

impl RequestNames {
    fn add(&mut self, message: &DynamicMessage) {
        message.fields().for_each(|(field, value)| self.add_value(field.name(), value));
    }

    fn add_value(&mut self, name: &str, value: &Value) {
        match value {
            Value::Message(inner) => self.add(inner),
            Value::List(items) => items.iter().for_each(|item| self.add_value(name, item)),
            Value::String(text) if ["user_id", "creator_id", "viewer_id"].contains(&name) => {
                self.users.extend(UserKey::try_new(text).ok().map(|user| user.to_string()));
            }
            Value::String(text) if name.ends_with("account") || name.ends_with("accounts") => {
                self.users.extend(chart::account::owner(text).map(str::to_owned));
                self.accounts.extend(chart::form(text).map(|_| text.clone()));
            }
            _ => {}
        }
    }
}

/// The user that a request is about: the one it names, or the owner of the first account it names, at any depth.
fn concerned(message: &DynamicMessage) -> Option<String> {
    let own = message.fields().find_map(|(field, value)| match (field.name(), value) {
        ("user_id", Value::String(user)) => UserKey::try_new(user).ok().map(|user| user.to_string()),
        (name, Value::String(account)) if name.ends_with("account") => chart::account::owner(account).map(str::to_owned),
        _ => None,
    });
    own.or_else(|| message.fields().find_map(|(_, value)| concerned_in(value)))
}

fn concerned_in(value: &Value) -> Option<String> {
    match value {
        Value::Message(inner) => concerned(inner),
        Value::List(items) => items.iter().find_map(concerned_in),
        _ => None,
    }
}

/// The beginning of a text: as many whole characters as fit into `bytes_max`.
#[must_use]
pub fn cut(text: &str, bytes_max: usize) -> String {
    let end = (0..=bytes_max.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    text[..end].to_owned()
}

/// Records an action in the support service's audit log, as begun or as ended.
async fn record_phase(record: &Transport, act: &Act, phase: ActPhase) -> Result<(), Status> {
    let act = Act { phase: phase.into(), ..act.clone() };
    // The first line has the request and the reason; the second says how it ended.
    let act = match phase {
        ActPhase::Ended => {
            let (none, nobody) = (String::new(), Vec::new());
            Act { reason: none.clone(), request_json: none, request: Vec::new(), user_ids: nobody.clone(), accounts: nobody, ..act }
        }
        ActPhase::Begun | ActPhase::Unspecified => act,
    };
    SupportServiceClient::new(record.clone()).record_act(RecordActRequest { act: Some(act) }).await.map(drop)
}

/// The whole body, as bytes also if a client of this process would hand its message over.
async fn collect(body: Body) -> Result<Bytes, Status> {
    let written = WrittenBody(body);
    let collected = Limited::new(written, WHOLE_BYTES_MAX + PREFIX).collect().await;
    collected.map(http_body_util::Collected::to_bytes).map_err(|error| errors::malformed("request", &format!("must be readable: {error}")))
}

/// A body whose messages are encoded also within the process.
struct WrittenBody(Body);

impl http_body::Body for WrittenBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, Status>>> {
        api::codec::written(|| std::pin::Pin::new(&mut self.0).poll_frame(cx))
    }
}

/// The headers of an answer, or the refusal instead.
pub(crate) fn ending(answer: &Result<Response<Body>, Status>) -> Result<&HeaderMap, &Status> {
    answer.as_ref().map(Response::headers)
}
