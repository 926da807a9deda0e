//! Backups that somebody changed are reported and refused, whatever the manifest says, and links out of their folder are never followed.
use crate::options;
use demo::{installation::Installation, shop::Shop};
use money::BookName;
use runtime::Runtime;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use sqlx::{ConnectOptions as _, Connection as _, sqlite::SqliteConnectOptions};
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

fn largesse(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_largesse")).args(arguments).env_remove("RUST_LOG").output().unwrap()
}

fn told(output: &Output) -> String {
    format!("{} {}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// An installation with a purchase in it, and backups of it.
struct Copied {
    dir: tempfile::TempDir,
    made: PathBuf,
}

impl Copied {
    async fn make(more: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (data, made) = (dir.path().join("data"), dir.path().join("made"));
        let fixture = Runtime::start(options(&data)).await.unwrap();
        let installation = Installation::inside(&fixture, BookName::try_new("demo").unwrap()).unwrap();
        Shop::open(&installation).await.unwrap().buy("ada", 500).await.unwrap();
        fixture.shutdown().await;
        let database = format!("sqlite:{}", data.display());
        let output = largesse(&[&["backup", "--database", &database, "--to", made.to_str().unwrap()], more].concat());
        assert!(output.status.success(), "{}", told(&output));
        Self { dir, made }
    }

    /// Another copy of the backup, to be changed.
    fn again(&self, name: &str) -> PathBuf {
        let to = self.dir.path().join(name);
        fs::create_dir(&to).unwrap();
        for entry in fs::read_dir(&self.made).unwrap().map(|entry| entry.unwrap()) {
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
        to
    }

    fn restore(&self, from: &Path, more: &[&str]) -> Output {
        let to = format!("sqlite:{}-restored", from.display());
        largesse(&[&["restore", "--from", from.to_str().unwrap(), "--database", &to], more].concat())
    }
}

/// Updates the hashes in the manifest to the current files, as anybody with write access to the folder can.
fn renewed(copy: &Path, change: impl FnOnce(&mut serde_json::Map<String, Value>)) {
    let path = copy.join("manifest.json");
    let mut manifest: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let files = manifest["files"].as_object_mut().unwrap();
    for (name, hash) in files.iter_mut() {
        *hash = Value::String(hex(&Sha256::digest(fs::read(copy.join(name)).unwrap())));
    }
    change(files);
    fs::write(path, manifest.to_string()).unwrap();
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_put_into_the_tables_of_a_copy_is_named() {
    let copied = Copied::make(&[]).await;
    let whole = copied.again("whole");
    let output = copied.restore(&whole, &[]);
    assert!(output.status.success() && told(&output).contains("--verify-key"), "{}", told(&output));
    for (name, service, statement, what) in [
        (
            "trigger",
            "support",
            "CREATE TRIGGER eyes AFTER UPDATE ON proposal BEGIN UPDATE proposal SET proposed_by = 'sue' WHERE proposed_by = 'fay'; END",
            "trigger eyes",
        ),
        ("view", "sandbox_bank", "CREATE VIEW shown AS SELECT 1", "view shown"),
        ("column", "purchase", "ALTER TABLE purchase ADD COLUMN more TEXT", "column purchase.more"),
        ("table", "ledger", "CREATE TABLE more (a TEXT)", "table more"),
        ("index", "earnings", "CREATE UNIQUE INDEX more ON quote (user_id)", "index more"),
        ("dropped", "payout", "DROP INDEX payout_due", "index payout_due"),
    ] {
        let copy = copied.again(name);
        let file = copy.join(format!("{service}.db"));
        let mut tables = SqliteConnectOptions::new().filename(&file).connect().await.unwrap();
        sqlx::query(statement).execute(&mut tables).await.unwrap();
        sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut tables).await.unwrap();
        tables.close().await.unwrap();
        renewed(&copy, |_| ());
        let output = copied.restore(&copy, &[]);
        assert_eq!(output.status.code(), Some(1), "{name}: {}", told(&output));
        assert!(told(&output).contains(what) && told(&output).contains("start nothing on it"), "{name}: {}", told(&output));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copys_files_are_its_own() {
    let copied = Copied::make(&[]).await;
    let refused = |copy: &Path, what: &str| {
        let output = copied.restore(copy, &[]);
        assert_eq!(output.status.code(), Some(1), "{what}: {}", told(&output));
        assert!(told(&output).contains(what), "{what}: {}", told(&output));
        assert!(!Path::new(&format!("{}-restored", copy.display())).join("purchase.db").exists(), "{what}");
    };
    let key = copied.dir.path().join("data/identity.key.pem");
    let link = copied.again("link");
    fs::remove_file(link.join("purchase.db")).unwrap();
    std::os::unix::fs::symlink(&key, link.join("purchase.db")).unwrap();
    renewed(&link, |_| ());
    refused(&link, "it is a link");
    let pipe = copied.again("pipe");
    fs::remove_file(pipe.join("purchase.db")).unwrap();
    assert!(Command::new("mkfifo").arg(pipe.join("purchase.db")).status().unwrap().success());
    refused(&pipe, "no regular file");
    let unknown = copied.again("unknown");
    fs::copy(unknown.join("purchase.db"), unknown.join("evil.db")).unwrap();
    refused(&unknown, "evil.db");
    renewed(&unknown, |files| {
        files.insert("evil.db".to_owned(), files["purchase.db"].clone());
    });
    refused(&unknown, "names what no copy has");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_its_key_has_not_signed_is_refused() {
    let keys = tempfile::tempdir().unwrap();
    let (own, other) = (keys.path().join("own"), keys.path().join("other"));
    for dir in [&own, &other] {
        identity::keys::KeyPair::load_or_create(dir).unwrap();
    }
    let (private, public) = (own.join("identity.key.pem"), own.join("identity.pub.pem"));
    let copied = Copied::make(&["--sign-key", private.to_str().unwrap()]).await;
    let with = |key: &Path| ["--verify-key".to_owned(), key.display().to_string()];
    let restore = |copy: &Path, key: &Path| {
        let key = with(key);
        copied.restore(copy, &[&key[0], &key[1]])
    };
    let good = restore(&copied.again("good"), &public);
    assert!(good.status.success() && !told(&good).contains("not checked"), "{}", told(&good));
    let foreign = restore(&copied.again("foreign"), &other.join("identity.pub.pem"));
    assert!(foreign.status.code() == Some(1) && told(&foreign).contains("no signature of this key"), "{}", told(&foreign));
    let changed = copied.again("changed");
    renewed(&changed, |_| ());
    fs::write(changed.join("manifest.json"), fs::read_to_string(changed.join("manifest.json")).unwrap() + " ").unwrap();
    assert!(told(&restore(&changed, &public)).contains("no signature of this key"));
    let unsigned = copied.again("unsigned");
    fs::remove_file(unsigned.join("manifest.sig")).unwrap();
    assert!(told(&restore(&unsigned, &public)).contains("manifest.sig"));
}
