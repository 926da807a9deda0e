//! The files under `generated/` are what `proto/` generates.
use super::{DIGESTS, digests, files, root};
use prost::Message as _;
use prost_types::FileDescriptorSet;
use protox::Compiler;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

mod google;

/// Every contract; a file that is missing here fails the test as well.
const PROTOS: [&str; 30] = [
    "largesse/type/v1/money.proto",
    "largesse/ledger/v1/ledger.proto",
    "largesse/gift/v1/gift.proto",
    "largesse/purchase/v1/purchase.proto",
    "largesse/earnings/v1/earnings.proto",
    "largesse/payout/v1/beneficiary.proto",
    "largesse/payout/v1/debit.proto",
    "largesse/payout/v1/returns.proto",
    "largesse/payout/v1/run.proto",
    "largesse/payout/v1/standing.proto",
    "largesse/payout/v1/payout.proto",
    "largesse/payout/v1/report.proto",
    "largesse/payout/v1/review.proto",
    "largesse/treasury/v1/proof.proto",
    "largesse/treasury/v1/accounting.proto",
    "largesse/treasury/v1/moves.proto",
    "largesse/treasury/v1/allocation.proto",
    "largesse/treasury/v1/reconciliation.proto",
    "largesse/treasury/v1/reservations.proto",
    "largesse/treasury/v1/statement.proto",
    "largesse/treasury/v1/migration.proto",
    "largesse/treasury/v1/receipts.proto",
    "largesse/treasury/v1/forecast.proto",
    "largesse/treasury/v1/sweeps.proto",
    "largesse/treasury/v1/treasury.proto",
    "largesse/support/v1/support.proto",
    "largesse/monitor/v1/export.proto",
    "largesse/monitor/v1/find.proto",
    "largesse/monitor/v1/payments.proto",
    "largesse/monitor/v1/monitor.proto",
];
/// Google's details of errors.
const ERROR_DETAILS: &str = "google/rpc/error_details.proto";
/// Writes instead of comparing. `make proto` sets it.
const WRITE: &str = "LARGESSE_REGENERATE";
/// Where to write what authors of clients need. `make contracts` sets it.
const CONTRACTS: &str = "LARGESSE_CONTRACTS";

/// The descriptors as they are served: reflection shows comments, but needs no source positions.
fn without_places(mut files: FileDescriptorSet) -> FileDescriptorSet {
    for info in files.file.iter_mut().filter_map(|file| file.source_code_info.as_mut()) {
        info.location.retain(|place| place.leading_comments.is_some() || place.trailing_comments.is_some());
        for place in &mut info.location {
            place.span = vec![0, 0, 0];
            place.leading_detached_comments.clear();
        }
    }
    files
}

/// Files by name.
fn folder(path: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(path).unwrap().map(|entry| entry.unwrap());
    entries.map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap())).collect()
}

fn compiled() -> Compiler {
    let mut compiler = Compiler::with_file_resolver(google::resolver(&root().join("proto")));
    // None of our contracts imports the error details, but every client needs them, so they are added here.
    compiler.include_imports(true).include_source_info(true).open_files(PROTOS).unwrap().open_file(ERROR_DETAILS).unwrap();
    compiler
}

/// What `proto/` gives, by name of file.
fn generated() -> BTreeMap<String, Vec<u8>> {
    let files = google::without_options(compiled().file_descriptor_set());
    let dir = tempfile::tempdir().unwrap();
    let build = tonic_prost_build::configure().codec_path("crate::codec::Codec").extern_path(".google.rpc", "::tonic_types::pb");
    build.out_dir(dir.path()).compile_fds(files.clone()).unwrap();
    let named = |(name, text): (String, Vec<u8>)| (name.replace("r#", ""), text);
    let mut found: BTreeMap<_, _> = folder(dir.path()).into_iter().map(named).filter(|(_, text)| !text.is_empty()).collect();
    found.insert("largesse.bin".to_owned(), without_places(files).encode_to_vec());
    found
}

#[test]
fn what_is_committed_is_what_the_contracts_give() {
    let mut there = Vec::new();
    files("proto/largesse", &mut there);
    there.sort();
    let mut named = PROTOS.map(|name| format!("proto/{name}")).to_vec();
    named.sort();
    assert_eq!(there, named, "the contracts that PROTOS names");
    let (wanted, committed) = (generated(), root().join("shared/api/src/generated"));
    if std::env::var_os(WRITE).is_some() {
        for name in folder(&committed).keys().filter(|name| !wanted.contains_key(*name)) {
            fs::remove_file(committed.join(name)).unwrap();
        }
        for (name, text) in &wanted {
            fs::write(committed.join(name), text).unwrap();
        }
        fs::write(committed.join(DIGESTS), digests()).unwrap();
    }
    let mut found = folder(&committed);
    found.remove(DIGESTS);
    let stale: Vec<_> = wanted.keys().chain(found.keys()).filter(|name| wanted.get(*name) != found.get(*name)).collect();
    assert!(stale.is_empty(), "shared/api/src/generated/{stale:?} are not what proto/ gives: run `make proto`, and commit them");
}

/// Writes `proto/` (our files and Google's) and `contracts.binpb` (a `FileDescriptorSet` of all of them, with comments and options) to the directory that
/// `make contracts` names, or else to a temporary one. Then compiles the written files as an author of a client would.
#[test]
fn contracts_are_whole() {
    let own = tempfile::tempdir().unwrap();
    let dir = std::env::var_os(CONTRACTS).map_or_else(|| own.path().to_owned(), PathBuf::from);
    let proto = dir.join("proto");
    for name in PROTOS {
        let to = proto.join(name);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(root().join("proto").join(name), to).unwrap();
    }
    google::write(&proto);
    let compiler = compiled();
    fs::write(dir.join("contracts.binpb"), compiler.encode_file_descriptor_set()).unwrap();

    let mut theirs = Compiler::new([&proto]).unwrap();
    theirs.include_imports(true).open_files(PROTOS).unwrap().open_file(ERROR_DETAILS).unwrap();
    let names = |compiler: &Compiler| compiler.files().map(|file| file.name().to_owned()).collect::<Vec<_>>();
    assert_eq!(names(&theirs), names(&compiler));
    let field =
        compiler.descriptor_pool().get_message_by_name("largesse.gift.v1.SendGiftRequest").unwrap().get_field_by_name("room_id").unwrap();
    let behaviour = compiler.descriptor_pool().get_extension_by_name("google.api.field_behavior").unwrap();
    assert!(field.options().has_extension(&behaviour));
}
