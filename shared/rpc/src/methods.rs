//! Every RPC of Largesse, from the contracts' descriptors joined with the table of access.
use crate::{
    Error,
    overload::{self, OverloadGate},
};
use identity::access::{AccessRow, REQUEST_BYTES_MAX, TABLE};
use prost::Message as _;
use prost_types::FileDescriptorSet;
use rustc_hash::{FxHashMap, FxHashSet};
use std::{
    collections::HashMap,
    sync::{Arc, LazyLock},
};

#[cfg(test)]
mod tests;

/// One RPC.
#[derive(Debug)]
pub(crate) struct Method {
    /// Its row in the table of access.
    pub(crate) row: &'static AccessRow,
    /// The service it belongs to, such as `gift`.
    pub(crate) service: &'static str,
    /// Whether it answers with a stream.
    pub(crate) streaming: bool,
    /// Whether its caller sends a stream.
    pub(crate) client_streaming: bool,
    /// Whether it serves work that somebody has paid for already.
    pub(crate) paid: bool,
    /// Limits and counts its calls in flight.
    pub(crate) gate: Arc<OverloadGate>,
}

impl Method {
    /// Its path, if it stores something even when it refuses.
    pub(crate) fn kept(&self) -> Option<&'static str> {
        self.row.keeps.then_some(self.row.path)
    }

    /// Whether its messages may be larger than others'.
    pub(crate) fn is_large(&self) -> bool {
        self.row.bytes_max > REQUEST_BYTES_MAX
    }

    /// The largest message of a caller within the process, in bytes: the same as the service's server accepts.
    pub(crate) fn message_bytes_max(&self) -> usize {
        if self.service == "ledger" { crate::MESSAGE_BYTES_MAX } else { crate::ANSWER_BYTES_MAX }
    }

    /// `largesse.gift.v1.GiftService/SendGift`.
    pub(crate) fn name(&self) -> &'static str {
        &self.row.path[1..]
    }
}

/// The RPCs by path.
#[derive(Debug)]
pub(crate) struct Methods(FxHashMap<&'static str, Method>);

impl Methods {
    /// Every RPC of the contracts, of health and of reflection. Fails if contracts and table name different RPCs.
    pub(crate) fn try_new(limits: overload::OverloadLimits) -> Result<Self, Error> {
        let sets = [
            api::FILE_DESCRIPTOR_SET,
            tonic_health::pb::FILE_DESCRIPTOR_SET,
            tonic_reflection::pb::v1::FILE_DESCRIPTOR_SET,
            tonic_reflection::pb::v1alpha::FILE_DESCRIPTOR_SET,
        ];
        let decoded = sets.iter().map(|bytes| FileDescriptorSet::decode(*bytes));
        let decoded: Vec<_> = decoded.collect::<Result<_, _>>().map_err(|error| Error::Descriptors(error.to_string()))?;
        Self::join(&decoded, TABLE, limits)
    }

    /// Exports how full each service is, from now on.
    pub(crate) fn watch(&self) {
        let mut told = FxHashSet::default();
        for method in self.0.values() {
            let kind = if method.streaming || method.client_streaming { "stream" } else { "call" };
            if told.insert((method.service, kind)) {
                method.gate.watch(method.service, kind);
            }
        }
    }

    pub(crate) fn find(&self, path: &str) -> Option<&Method> {
        self.0.get(path)
    }

    fn join(sets: &[FileDescriptorSet], table: &'static [AccessRow], limits: overload::OverloadLimits) -> Result<Self, Error> {
        let rows: HashMap<&str, &'static AccessRow> = table.iter().map(|row| (row.path, row)).collect();
        let mut methods = FxHashMap::default();
        for file in sets.iter().flat_map(|set| &set.file) {
            for service in &file.service {
                let (calls, streams) = (OverloadGate::new(limits.calls_max), OverloadGate::new(limits.streams_max));
                for method in &service.method {
                    let path = format!("/{}.{}/{}", file.package(), service.name(), method.name());
                    let row = rows.get(path.as_str()).ok_or(Error::NoAccessRow(path))?;
                    let streaming = method.server_streaming();
                    let client_streaming = method.client_streaming();
                    let gate = if streaming || client_streaming { streams.clone() } else { calls.clone() };
                    let paid = overload::PAID.contains(&row.path);
                    methods.insert(row.path, Method { paid, row, service: short_name(row.path), streaming, client_streaming, gate });
                }
            }
        }
        match table.iter().find(|row| !methods.contains_key(row.path)) {
            Some(stale) => Err(Error::StaleAccessRow(stale.path)),
            None => Ok(Self(methods)),
        }
    }
}

/// Whether the caller of an RPC sends a stream; an RPC that no contract has counts as streaming.
pub(crate) fn is_client_streaming(path: &str) -> bool {
    static SINGLE: LazyLock<FxHashSet<String>> = LazyLock::new(|| {
        let files = FileDescriptorSet::decode(api::FILE_DESCRIPTOR_SET).map(|set| set.file).unwrap_or_default();
        let services = files.iter().flat_map(|file| file.service.iter().map(|service| (file.package(), service)));
        let methods = services.flat_map(|(package, service)| service.method.iter().map(move |method| (package, service.name(), method)));
        let single = methods.filter(|(.., method)| !method.client_streaming());
        single.map(|(package, service, method)| format!("/{package}.{service}/{}", method.name())).collect()
    });
    !SINGLE.contains(path)
}

/// `gift` of `/largesse.gift.v1.GiftService/SendGift`.
fn short_name(path: &'static str) -> &'static str {
    path.split('.').nth(1).unwrap_or(path)
}
