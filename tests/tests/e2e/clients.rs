//! Clients in TypeScript and Python, generated from what `make contracts` writes with the README's own lines, and run against the real binary.
//!
//! Their sources are in `clients/`, with the versions of the packages they need, which `make needs` installs. What a client was answered, streams and
//! details of refusals included, it prints as one JSON object, the same in both languages.
use crate::{
    fleets::{assert_sound, book, options},
    pages::ProcessGroup,
};
use demo::{
    fleet::{Fleet, Options},
    installation::Installation,
};
use identity::{Role, Service};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};
use tokio::time::timeout;

/// How long generating, compiling and running a client may take together.
const CLIENT_MAX: Duration = Duration::from_secs(300);

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

/// Every file below a folder, by its path there.
fn folder_files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(dir) = open.pop() {
        for entry in fs::read_dir(dir).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                found.insert(path.strip_prefix(folder).unwrap().to_owned(), fs::read(&path).unwrap());
            }
        }
    }
    found
}

/// A language, and where its client is.
struct ClientLanguage {
    /// As the README's chapter names it.
    name: &'static str,
    /// Its folder in `clients/`, and below the target directory.
    folder: &'static str,
    /// The file there that names its packages.
    manifest: &'static str,
    /// The README's line that installs them.
    install: &'static str,
}

const TYPESCRIPT: ClientLanguage =
    ClientLanguage { name: "TypeScript", folder: "typescript", manifest: "package.json", install: "npm install" };
const PYTHON: ClientLanguage =
    ClientLanguage { name: "Python", folder: "python", manifest: "requirements.txt", install: "pip install -r requirements.txt" };

impl ClientLanguage {
    fn sources(&self) -> PathBuf {
        repository().join("tests/tests/e2e/clients").join(self.folder)
    }

    /// The README's lines but for the first, which installs the packages: they are installed already.
    fn lines(&self) -> String {
        let page = fs::read_to_string(repository().join("README.md")).unwrap();
        let chapter = page.split_once("\n## Clients in other languages\n").unwrap().1.split("\n## ").next().unwrap();
        let block = chapter.split_once(&format!("\nIn {}", self.name)).unwrap().1.split_once("```bash\n").unwrap().1;
        let (install, run) = block.split("```").next().unwrap().split_once('\n').unwrap();
        assert_eq!(install, self.install);
        run.to_owned()
    }

    /// The packages that the manifest names, and their versions.
    fn packages(&self) -> BTreeMap<String, String> {
        let text = fs::read_to_string(self.sources().join(self.manifest)).unwrap();
        if self.manifest.ends_with(".json") {
            return serde_json::from_value(serde_json::from_str::<Value>(&text).unwrap()["dependencies"].take()).unwrap();
        }
        let named = |line: &str| line.split_once("==").map(|(name, version)| (name.to_owned(), version.to_owned()));
        text.lines().map(|line| named(line).unwrap_or_else(|| panic!("{line:?} names no version"))).collect()
    }

    /// Where its packages are. `None`, with a message, where they could not be installed.
    fn installed(&self) -> Option<PathBuf> {
        let target = std::env::current_exe().unwrap().ancestors().nth(3).unwrap().to_owned();
        let folder = target.join("clients").join(self.folder);
        if fs::read(folder.join(self.manifest)).ok() == fs::read(self.sources().join(self.manifest)).ok() {
            return Some(folder);
        }
        println!("skipped: the packages of the {} client are not there; `make needs` installs them where it can", self.name);
        None
    }
}

/// A folder beside a copy of what `make contracts` wrote, as the README has it, with a client's source in it.
struct ClientFolder {
    dir: tempfile::TempDir,
    packages: PathBuf,
}

impl ClientFolder {
    /// `None`, with a message, where the packages or the contracts are not there.
    fn open(language: &ClientLanguage) -> Option<Self> {
        let packages = language.installed()?;
        let (root, dir) = (repository(), tempfile::tempdir().unwrap());
        let contracts = root.join("target/contracts");
        if folder_files(&contracts.join("proto/largesse")) != folder_files(&root.join("proto/largesse")) {
            println!("skipped: target/contracts is not there or not of the present contracts; `make contracts` writes it");
            return None;
        }
        fs::create_dir_all(dir.path().join("largesse/target")).unwrap();
        symlink(contracts, dir.path().join("largesse/target/contracts")).unwrap();
        fs::create_dir(dir.path().join("client")).unwrap();
        for (name, text) in folder_files(&language.sources()) {
            fs::write(dir.path().join("client").join(name), text).unwrap();
        }
        symlink(packages.join("node_modules"), dir.path().join("client/node_modules")).unwrap();
        Some(Self { dir, packages })
    }

    /// Runs lines in bash until one fails, and returns what they print. Fails with what they say when one of them fails.
    async fn run(&self, lines: &str, environment: &[(&str, String)]) -> Result<String, String> {
        let mut command = tokio::process::Command::new("bash");
        command.args(["--noprofile", "--norc", "-euo", "pipefail", "-c", lines]).current_dir(self.dir.path().join("client"));
        command.env("PYTHONPATH", &self.packages).env("PYTHONDONTWRITEBYTECODE", "1");
        // Neither a proxy's variable nor npm's search for its own newer version leads away from the loopback address.
        command.env("no_proxy", "*").env("npm_config_offline", "true").env("npm_config_update_notifier", "false");
        command.envs(environment.iter().cloned());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        let shell = command.spawn().unwrap();
        let mut group = ProcessGroup(shell.id());
        let output = timeout(CLIENT_MAX, shell.wait_with_output()).await.expect("a client ends in time").unwrap();
        group.0 = None;
        let printed = String::from_utf8(output.stdout).unwrap();
        if output.status.success() { Ok(printed) } else { Err(printed + &String::from_utf8_lossy(&output.stderr)) }
    }
}

/// Generates and runs a client as the README says, as a viewer and a creator of an installation of its own, and checks the books after it.
async fn run_client(language: &ClientLanguage) -> Option<Value> {
    let folder = ClientFolder::open(language)?;
    let dir = tempfile::tempdir().unwrap();
    let database = format!("sqlite:{}", dir.path().display());
    // So that a second stream is refused.
    let environment = vec![("LARGESSE_QUOTAS_USER_STREAMS".to_owned(), "1".to_owned())];
    let fleet = Fleet::start(Options { split: false, environment, ..options(dir.path(), database.clone(), &Service::ALL) });
    let fleet = fleet.await.unwrap();
    let installation = Installation::of_fleet(&fleet, book()).unwrap();
    let environment = [
        ("LARGESSE_ADDRESS", fleet.url(Service::Gift).unwrap().replace("http://", "")),
        ("LARGESSE_STORE", fleet.http_url("store").unwrap()),
        ("VIEWER_TOKEN", installation.token("ada", Role::Viewer).unwrap()),
        ("CREATOR_TOKEN", installation.token("bob", Role::Creator).unwrap()),
    ];
    let printed = folder.run(&language.lines(), &environment).await.unwrap_or_else(|error| panic!("{error}"));
    fleet.stop().await.unwrap();
    assert_sound(&database).await;
    Some(serde_json::from_str(printed.lines().last().unwrap()).unwrap_or_else(|error| panic!("{error}: {printed}")))
}

/// What both clients are to print, but for ids.
fn expected() -> Value {
    let rule = "must match [A-Za-z0-9_-]{1,64}";
    let id_reused = "REQUEST_ID_REUSED: request_id was used before with other values of quantity (differing=quantity)";
    let empty =
        format!("MALFORMED: request_id must be a UUID; room_id {rule}; creator_id {rule}; gift_id must be 1 or more (field=request_id)");
    let unpaid = "INSUFFICIENT_FUNDS: 30 coins needed, 20 available (needed=30, available=20)";
    let second = "QUOTA_EXCEEDED: too many streams are open; the request was not executed, end one of them first (of=user, streams_max=1)";
    let sent = |cost: i64, coins: i64, replayed: bool| json!({"cost_coins": cost, "diamonds": cost, "coins": coins, "replayed": replayed});
    json!({
        "doughnut": ["Doughnut", 30, true],
        "purchase": {"coins_before": 0, "coins": 350, "state": "PURCHASE_STATE_CREDITED", "price": ["USD", 499], "replayed": false},
        "gift": {
            "sent": sent(30, 320, false),
            "retried": sent(30, 320, true),
            "id_reused": {
                "code": 3, "message": id_reused, "reason": "REQUEST_ID_REUSED", "domain": "largesse", "facts": {"differing": "quantity"},
            },
            "empty": {
                "code": 3, "message": empty, "reason": "MALFORMED", "domain": "largesse", "facts": {"field": "request_id"},
                "violations": [["request_id", "must be a UUID"], ["room_id", rule], ["creator_id", rule], ["gift_id", "must be 1 or more"]],
            },
        },
        "stream": {
            "answers": [
                {"own_id": true, "accepted": sent(300, 20, false)},
                {"own_id": true, "refused": {
                    "code": 9, "message": unpaid, "reason": "INSUFFICIENT_FUNDS", "domain": "largesse",
                    "facts": {"needed": "30", "available": "20"},
                }},
            ],
            "after_the_end": 0,
            "second_stream": {
                "code": 8, "message": second, "reason": "QUOTA_EXCEEDED", "domain": "largesse",
                "facts": {"of": "user", "streams_max": "1"}, "retry_after_ms": 1000,
            },
        },
        "payout": {
            "diamonds": 330, "amount": ["USD", 165], "account": "******0001", "state": "PAYOUT_STATE_SETTLED",
            "steps": ["PAYOUT_STATE_REQUESTED", "PAYOUT_STATE_HELD", "PAYOUT_STATE_SUBMITTED", "PAYOUT_STATE_SETTLED"],
        },
    })
}

/// Every value in a JSON document, by its pointer.
fn json_leaves(value: &Value, pointer: String, leaves: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            fields.iter().for_each(|(name, value)| json_leaves(value, format!("{pointer}/{name}"), leaves));
        }
        Value::Array(items) if !items.is_empty() => {
            items.iter().enumerate().for_each(|(at, value)| json_leaves(value, format!("{pointer}/{at}"), leaves));
        }
        other => {
            leaves.insert(pointer, other.to_string());
        }
    }
}

/// What differs in two JSON documents, one line for each value.
fn differences(seen: &Value, expected: &Value) -> Vec<String> {
    let [seen, expected] = [seen, expected].map(|value| {
        let mut leaves = BTreeMap::new();
        json_leaves(value, String::new(), &mut leaves);
        leaves
    });
    let pointers: BTreeSet<&String> = seen.keys().chain(expected.keys()).collect();
    let differing = pointers.into_iter().filter(|pointer| seen.get(*pointer) != expected.get(*pointer));
    differing.map(|pointer| format!("{pointer} is {:?}, not {:?}", seen.get(pointer), expected.get(pointer))).collect()
}

/// Takes a value out of what a client printed.
fn taken(seen: &mut Value, pointer: &str, name: &str) -> Value {
    seen.pointer_mut(pointer).unwrap().as_object_mut().unwrap().remove(name).unwrap()
}

fn assert_saw_everything(mut seen: Value) {
    let gifts = taken(&mut seen, "", "gifts").as_u64().unwrap();
    assert!(gifts > 100, "{gifts} gifts in the catalogue");
    let posting = taken(&mut seen, "/gift/sent", "posting_id");
    assert_eq!(posting, taken(&mut seen, "/gift/retried", "posting_id"), "a retry gets the first answer");
    let streamed = taken(&mut seen, "/stream/answers/0/accepted", "posting_id");
    assert_ne!(posting, streamed);
    for id in [posting, streamed] {
        // It begins with the time in a version 7 request id; were it another id, with twelve zeros.
        assert!(uuid::Uuid::parse_str(id.as_str().unwrap()).unwrap().as_u128() >> 80 != 0, "{id}");
    }
    assert_eq!(differences(&seen, &expected()), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_typescript_client_calls_streams_and_decodes_refusals() {
    if let Some(seen) = run_client(&TYPESCRIPT).await {
        assert_saw_everything(seen);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_python_client_calls_streams_and_decodes_refusals() {
    if let Some(seen) = run_client(&PYTHON).await {
        assert_saw_everything(seen);
    }
}

/// Whichever is imported first: there is one `google.rpc.Status`, and Google's own module reads our options.
#[tokio::test(flavor = "multi_thread")]
async fn generated_python_and_googles_modules_can_be_imported_in_either_order() {
    let Some(folder) = ClientFolder::open(&PYTHON) else { return };
    let lines = PYTHON.lines();
    let generate = lines.split("PYTHONPATH=").next().unwrap();
    assert!(generate.contains("protoc"), "{lines}");
    let import = |first| format!("PYTHONPATH=gen:$PYTHONPATH python3 imports.py {first} $contracts/contracts.binpb\n");
    let printed = folder.run(&format!("{generate}{}{}", import("generated"), import("google")), &[]).await;
    let printed = printed.unwrap_or_else(|error| panic!("{error}"));
    let expected = json!({
        "google_is_generated": false,
        "same_declarations": {
            "google/api/field_behavior.proto": true, "google/rpc/error_details.proto": true, "google/rpc/status.proto": true,
        },
        "status_is_googles": true,
        "behaviours": {
            "request_id": ["REQUIRED"], "book": ["OPTIONAL"], "room_id": ["REQUIRED"], "creator_id": ["REQUIRED"],
            "gift_id": ["REQUIRED"], "quantity": ["OPTIONAL"], "streak": ["OPTIONAL"], "user_id": ["OPTIONAL"],
        },
    });
    let seen: Vec<Value> = printed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(differences(&json!(seen), &json!([expected, expected])), [""; 0]);
}

/// What is tested today is what an author of a client gets tomorrow.
#[test]
fn every_package_of_the_clients_is_named_in_one_version() {
    for language in [TYPESCRIPT, PYTHON] {
        let packages = language.packages();
        assert!(packages.len() > 5, "{packages:?}");
        for (name, version) in packages {
            assert!(version.split('.').count() == 3 && version.split('.').all(|part| part.parse::<u32>().is_ok()), "{name}: {version:?}");
        }
    }
}
