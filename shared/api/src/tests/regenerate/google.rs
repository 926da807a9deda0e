//! Google's files that the contracts import: where they come from, so that no copy of them lies beside ours.
use prost::Message as _;
use prost_types::FileDescriptorSet;
use protox::{
    Error,
    file::{ChainFileResolver, DescriptorSetFileResolver, File, FileResolver, GoogleFileResolver, IncludeFileResolver},
};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// The name of the file that no crate we use brings.
const FIELD_BEHAVIOR: &str = "google/api/field_behavior.proto";
/// Its declarations: names, numbers and options are those of googleapis-common-protos 1.76. Clients include Google's own file instead where they have it.
const FIELD_BEHAVIOR_PROTO: &str = r#"syntax = "proto3";

package google.api;

import "google/protobuf/descriptor.proto";

option go_package = "google.golang.org/genproto/googleapis/api/annotations;annotations";
option java_multiple_files = true;
option java_outer_classname = "FieldBehaviorProto";
option java_package = "com.google.api";
option objc_class_prefix = "GAPI";

extend google.protobuf.FieldOptions {
  repeated google.api.FieldBehavior field_behavior = 1052;
}

enum FieldBehavior {
  FIELD_BEHAVIOR_UNSPECIFIED = 0;
  OPTIONAL = 1;
  REQUIRED = 2;
  OUTPUT_ONLY = 3;
  INPUT_ONLY = 4;
  IMMUTABLE = 5;
  UNORDERED_LIST = 6;
  NON_EMPTY_DEFAULT = 7;
  IDENTIFIER = 8;
}
"#;

/// Finds the one file above.
struct FieldBehavior;

impl FileResolver for FieldBehavior {
    fn open_file(&self, name: &str) -> Result<File, Error> {
        if name == FIELD_BEHAVIOR { File::from_source(name, FIELD_BEHAVIOR_PROTO) } else { Err(Error::file_not_found(name)) }
    }
}

/// Finds our files in `proto`, and Google's: `google/protobuf` in the compiler, `google/rpc` in tonic-types.
pub fn resolver(proto: &Path) -> ChainFileResolver {
    let mut resolver = ChainFileResolver::new();
    resolver.add(IncludeFileResolver::new(proto.to_owned()));
    resolver.add(GoogleFileResolver::new());
    resolver.add(DescriptorSetFileResolver::new(rpc_files()));
    resolver.add(FieldBehavior);
    resolver
}

/// Google's `google/rpc` from tonic-types, which has them under their bare names.
fn rpc_files() -> FileDescriptorSet {
    let mut files = FileDescriptorSet::decode(tonic_types::pb::FILE_DESCRIPTOR_SET).unwrap();
    for file in files.file.iter_mut().filter(|file| file.package() == "google.rpc") {
        file.name = Some(format!("google/rpc/{}", file.name()));
    }
    files
}

/// Without what is Google's and only options of ours refer to: nothing is generated from it.
pub fn without_options(mut files: FileDescriptorSet) -> FileDescriptorSet {
    files.file.retain(|file| file.name() != FIELD_BEHAVIOR && file.name() != "google/protobuf/descriptor.proto");
    for file in &mut files.file {
        file.dependency.retain(|name| name != FIELD_BEHAVIOR);
    }
    files
}

/// Writes Google's files below `dir`, as authors of clients include them: those of `google/rpc` as tonic-types publishes them.
pub fn write(dir: &Path) {
    let rpc = dir.join("google/rpc");
    fs::create_dir_all(&rpc).unwrap();
    for name in ["status.proto", "error_details.proto"] {
        fs::copy(tonic_types_dir().join("proto").join(name), rpc.join(name)).unwrap();
    }
    fs::create_dir_all(dir.join("google/api")).unwrap();
    fs::write(dir.join(FIELD_BEHAVIOR), FIELD_BEHAVIOR_PROTO).unwrap();
}

/// Where cargo keeps the source of tonic-types.
fn tonic_types_dir() -> PathBuf {
    let metadata = Command::new(env!("CARGO")).args(["metadata", "--format-version=1", "--locked"]).output().unwrap();
    assert!(metadata.status.success(), "{}", String::from_utf8_lossy(&metadata.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&metadata.stdout).unwrap();
    let found = metadata["packages"].as_array().unwrap().iter().find(|package| package["name"] == "tonic-types");
    Path::new(found.unwrap()["manifest_path"].as_str().unwrap()).parent().unwrap().to_owned()
}
