//! Reflection, versions v1 and v1alpha: the contracts, and the `google.rpc` detail types, without which grpcurl shows errors as base64.
use crate::Error;
use prost::Message as _;
use prost_types::FileDescriptorSet;
use std::collections::HashSet;
use tonic::service::Routes;
use tonic_reflection::server::Builder;

/// Adds both versions to `routes`, advertising `services` (full names) and health.
pub(crate) fn add(routes: Routes, services: &[&str]) -> Result<Routes, Error> {
    let failed = |error: tonic_reflection::server::Error| Error::Descriptors(error.to_string());
    let contracts = contracts()?;
    let builder = || {
        let builder = Builder::configure().register_file_descriptor_set(contracts.clone()).with_service_name("grpc.health.v1.Health");
        services.iter().fold(builder, |builder, name| builder.with_service_name(*name))
    };
    let v1 = builder().with_service_name("grpc.reflection.v1.ServerReflection").build_v1().map_err(failed)?;
    let v1alpha = builder().with_service_name("grpc.reflection.v1alpha.ServerReflection").build_v1alpha().map_err(failed)?;
    Ok(routes.add_service(v1).add_service(v1alpha))
}

/// The contracts, which bring the detail types with them, and health.
fn contracts() -> Result<FileDescriptorSet, Error> {
    let mut seen = HashSet::new();
    let mut all = FileDescriptorSet::default();
    for bytes in [api::FILE_DESCRIPTOR_SET, tonic_health::pb::FILE_DESCRIPTOR_SET] {
        let set = FileDescriptorSet::decode(bytes).map_err(|error| Error::Descriptors(error.to_string()))?;
        all.file.extend(set.file.into_iter().filter(|file| seen.insert(file.name().to_owned())));
    }
    Ok(all)
}
