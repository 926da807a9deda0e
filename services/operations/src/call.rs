//! Any RPC of a running installation, called by name with JSON: the client that the contracts describe, so that no other tool is needed.
//!
//! - [`CallableMethods`]: the RPCs by their names. [`requests`]: JSON as their messages. [`call`]: sends them. [`description`]: what an RPC takes, as text.
//!   [`refusal`]: why there is no answer.
//!
//! JSON is that of Protocol Buffers: 64-bit integers as text, times as `2026-11-29T12:00:00Z`, fields under their JSON names or those of the contracts.
use crate::{OperationFault, staff_call};
use codec::DynamicCodec;
use futures::stream;
use http::uri::PathAndQuery;
use identity::access::{Access, AccessRow, TABLE};
use names::DistinctNames;
use prost_reflect::{DescriptorPool, MessageDescriptor, ReflectMessage as _, SerializeOptions, Value};
use rpc::{ANSWER_BYTES_MAX, Transport};
use std::time::Duration;
use tonic::{Request, Status, Streaming, client::Grpc};
use uuid::Uuid;

mod codec;
mod description;
mod names;
mod refusal;

pub use description::{description, listed};
pub use prost_reflect::{DynamicMessage, MethodDescriptor};
pub use refusal::refusal;

/// The field in which a request carries its id.
const REQUEST_ID: &str = "request_id";
/// How many names a refusal of an unknown RPC suggests.
const SUGGESTED_MAX: usize = 8;

/// Every RPC of the contracts.
pub struct CallableMethods(Vec<MethodDescriptor>);

impl CallableMethods {
    /// Those that this program knows, by service and name.
    pub fn known() -> Result<Self, OperationFault> {
        let pool = DescriptorPool::decode(api::FILE_DESCRIPTOR_SET)?;
        let mut methods: Vec<MethodDescriptor> = pool.services().flat_map(|service| service.methods().collect::<Vec<_>>()).collect();
        methods.sort_by(|one, other| one.full_name().cmp(other.full_name()));
        Ok(Self(methods))
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &MethodDescriptor> {
        self.0.iter()
    }

    /// The RPC of a name: `GetAccount`, `LedgerService/GetAccount` or `largesse.ledger.v1.LedgerService/GetAccount`, with a dot for the slash too. The error is the
    /// name, and what is like it.
    pub fn find(&self, name: &str) -> Result<&MethodDescriptor, String> {
        let wanted = name.trim_start_matches('/').replace('/', ".");
        let named: Vec<&MethodDescriptor> = self.iter().filter(|method| is_name_of(&wanted, method)).collect();
        match named[..] {
            [method] => Ok(method),
            [] => Err(format!("no RPC is named {name}{}", suggested(&self.like(&wanted)))),
            _ => Err(format!("{name} is the name of several RPCs{}", suggested(&named))),
        }
    }

    /// RPCs in whose names a part of `wanted` is.
    fn like(&self, wanted: &str) -> Vec<&MethodDescriptor> {
        let wanted = wanted.rsplit('.').next().unwrap_or(wanted).to_lowercase();
        let alike = |method: &&MethodDescriptor| {
            let name = method.name().to_lowercase();
            !wanted.is_empty() && (name.contains(&wanted) || wanted.contains(&name))
        };
        self.iter().filter(alike).collect()
    }
}

/// An RPC's name with its service, without the package.
pub fn short_name(method: &MethodDescriptor) -> String {
    format!("{}/{}", method.parent_service().name(), method.name())
}

fn is_name_of(wanted: &str, method: &MethodDescriptor) -> bool {
    let before = method.full_name().strip_suffix(wanted);
    before.is_some_and(|before| before.is_empty() || before.ends_with('.')) && !wanted.is_empty()
}

fn suggested(methods: &[&MethodDescriptor]) -> String {
    let names: Vec<String> = methods.iter().take(SUGGESTED_MAX).map(|method| short_name(method)).collect();
    let left = methods.len().saturating_sub(SUGGESTED_MAX);
    match (names.is_empty(), left) {
        (true, _) => "; --list prints all of them".to_owned(),
        (false, 0) => format!(": {}", names.join(", ")),
        (false, left) => format!(": {}, and {left} more", names.join(", ")),
    }
}

/// The row of the table of access for an RPC.
fn row(method: &MethodDescriptor) -> Option<&'static AccessRow> {
    let path = format!("/{}/{}", method.parent_service().full_name(), method.name());
    TABLE.iter().find(|row| row.path == path)
}

/// Whether an RPC answers only who shows a token.
pub fn needs_token(method: &MethodDescriptor) -> bool {
    row(method).is_none_or(|row| !matches!(row.access, Access::Open))
}

/// The requests of an RPC from JSON: one object, or several one after the other where the RPC takes a stream. Nothing is an empty request.
///
/// The error says which object is wrong, where and why; nothing was sent.
pub fn requests(method: &MethodDescriptor, json: &str) -> Result<Vec<DynamicMessage>, String> {
    let texts = objects(json)?;
    if method.is_client_streaming() {
        return texts.iter().enumerate().map(|(index, text)| message(&method.input(), text, index)).collect();
    }
    match texts[..] {
        [] => Ok(vec![DynamicMessage::new(method.input())]),
        [text] => Ok(vec![message(&method.input(), text, 0)?]),
        _ => Err(format!("{} takes one request, and there are {}", method.name(), texts.len())),
    }
}

/// The texts of the values in a text.
fn objects(json: &str) -> Result<Vec<&str>, String> {
    let mut values = serde_json::Deserializer::from_str(json).into_iter::<DistinctNames>();
    let (mut texts, mut begin) = (Vec::new(), 0);
    while let Some(value) = values.next() {
        value.map_err(|error| format!("request {} is not JSON: {error}", texts.len() + 1))?;
        texts.push(json[begin..values.byte_offset()].trim());
        begin = values.byte_offset();
    }
    Ok(texts)
}

fn message(descriptor: &MessageDescriptor, text: &str, index: usize) -> Result<DynamicMessage, String> {
    let mut json = serde_json::Deserializer::from_str(text);
    DynamicMessage::deserialize(descriptor.clone(), &mut json)
        .map_err(|error| format!("request {} is not a {}: {error}", index + 1, descriptor.name()))
}

/// Gives a request that may have an id and has none a new one, and returns it.
pub fn give_id(request: &mut DynamicMessage) -> Option<String> {
    let field = request.descriptor().get_field_by_name(REQUEST_ID)?;
    if request.has_field(&field) {
        return None;
    }
    let id = Uuid::now_v7().to_string();
    request.try_set_field(&field, Value::String(id.clone())).ok()?;
    Some(id)
}

/// Who calls, and how long the answer may take.
pub struct CallTerms<'a> {
    /// The token, if there is one.
    pub token: Option<&'a str>,
    /// The reason, if there is one.
    pub reason: Option<&'a str>,
    /// The longest wait for an answer, which a stream does not have.
    pub timeout: Duration,
}

/// Calls an RPC and returns its answers: one, unless the RPC streams them.
pub async fn call(
    transport: Transport,
    method: &MethodDescriptor,
    requests: Vec<DynamicMessage>,
    terms: CallTerms<'_>,
) -> Result<Streaming<DynamicMessage>, OperationFault> {
    let path: PathAndQuery = format!("/{}/{}", method.parent_service().full_name(), method.name()).parse()?;
    let mut request = Request::new(stream::iter(requests));
    staff_call::identify(&mut request, terms.token, terms.reason)?;
    if !method.is_server_streaming() {
        request.set_timeout(terms.timeout);
    }
    let mut client = Grpc::new(transport).max_decoding_message_size(ANSWER_BYTES_MAX);
    client.ready().await?;
    let answer: Result<_, Status> = client.streaming(request, path, DynamicCodec::of(method)).await;
    Ok(answer?.into_inner())
}

/// A message as JSON: in lines, or in one.
pub fn json(message: &DynamicMessage, in_one_line: bool) -> Result<String, OperationFault> {
    let mut text = Vec::new();
    if in_one_line {
        message.serialize_with_options(&mut serde_json::Serializer::new(&mut text), &SerializeOptions::new())?;
    } else {
        message.serialize_with_options(&mut serde_json::Serializer::pretty(&mut text), &SerializeOptions::new())?;
    }
    Ok(String::from_utf8(text)?)
}

#[cfg(test)]
mod tests;
