//! Compiles the contracts under `proto/` with protox, so that no protoc is needed.
use prost::Message;
use std::{error::Error, fs, path::PathBuf};

const PROTOS: [&str; 8] = [
    "largesse/type/v1/money.proto",
    "largesse/ledger/v1/ledger.proto",
    "largesse/gift/v1/gift.proto",
    "largesse/purchase/v1/purchase.proto",
    "largesse/earnings/v1/earnings.proto",
    "largesse/payout/v1/payout.proto",
    "largesse/support/v1/support.proto",
    "largesse/monitor/v1/monitor.proto",
];

fn main() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?).join("../../proto");
    println!("cargo:rerun-if-changed={}", root.display());
    let files = protox::Compiler::new([&root])?.include_imports(true).include_source_info(true).open_files(PROTOS)?.file_descriptor_set();
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    fs::write(out.join("largesse.bin"), files.encode_to_vec())?;
    tonic_prost_build::configure().codec_path("crate::codec::Codec").extern_path(".google.rpc", "::tonic_types::pb").compile_fds(files)?;
    Ok(())
}
