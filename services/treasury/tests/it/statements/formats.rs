//! What is written is what our own readers read, whatever the format; and what the official schemas and others' readers take.
use super::{
    files::busy,
    world::{Booking, both, line, reason, start},
};
use crate::{COSTS, CREATORS, fixture::Fixture};
use api::treasury::{StatementEntry, StatementFormat};
use iso20022::{camt053::Direction, report::AccountReports};
use std::{
    io::Write as _,
    path::PathBuf,
    process::{Command, Stdio},
};

const CAMT: [(StatementFormat, &str); 3] =
    [(StatementFormat::Camt053, "camt.053"), (StatementFormat::Camt052, "camt.052"), (StatementFormat::Camt054, "camt.054")];
const WHOLE: [StatementFormat; 3] = [StatementFormat::Camt053, StatementFormat::Mt940, StatementFormat::Bai2];

/// A program's output for an input.
fn output(command: &mut Command, input: &[u8]) -> std::process::Output {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    child.wait_with_output().unwrap()
}

fn validate(name: &str, document: &[u8]) {
    let Some(root) = std::env::var_os("LARGESSE_REFERENCE_DATA") else {
        println!("skipped: LARGESSE_REFERENCE_DATA is not set");
        return;
    };
    let schema = PathBuf::from(root).join(format!("bank/xsd/{name}.001.08.xsd"));
    let checked = output(Command::new("xmllint").args(["--noout", "--nonet", "--schema"]).arg(schema).arg("-"), document);
    assert!(checked.status.success(), "{}\n{}", String::from_utf8_lossy(&checked.stderr), String::from_utf8_lossy(document));
}

/// Amount with its sign, value date and the bank's reference of each entry.
fn wanted(entries: &[StatementEntry]) -> Vec<(i64, String, String)> {
    let reference = |entry: &StatementEntry| if entry.transfer_no > 0 { entry.transfer_no.to_string() } else { "M1".to_owned() };
    entries.iter().map(|entry| (line(entry).1, entry.value_date.clone(), reference(entry))).collect()
}

/// Three nodes of a day that is over.
async fn world(fixture: &Fixture) -> [&'static str; 3] {
    busy(fixture).await;
    ["us-costs", "us", "bank-usd"]
}

#[tokio::test]
async fn every_format_is_read_back_to_the_same_entries_and_balances() {
    for fixture in both().await {
        let nodes = world(&fixture).await;
        // A day with a leaf that moves in, a pair and a return.
        fixture.change(&crate::costs("bank-usd", "open")).await.unwrap();
        fixture.book(Booking::of(COSTS, CREATORS, 7)).await;
        fixture.days_later(1);
        for (node, day) in nodes.into_iter().flat_map(|node| [(node, fixture.day(-2)), (node, fixture.day(-1))]) {
            let (statement, entries) = fixture.statement(node, &day).await.unwrap();
            for format in WHOLE {
                let (head, bytes) = fixture.file(node, &day, format).await.unwrap();
                let text = String::from_utf8_lossy(&bytes).into_owned();
                let read = matching::read(&bytes, 1);
                assert!(read.problems.is_empty(), "{node} {format:?}: {:?}\n{text}", read.problems);
                let [part] = read.statements.as_slice() else { panic!("{text}") };
                let balances = (part.opening, part.closing);
                assert_eq!(balances, (Some(statement.opening_minor_units), Some(statement.closing_minor_units)), "{text}");
                assert_eq!(part.day.map(|day| day.to_string()), Some(day.clone()));
                if format != StatementFormat::Bai2 {
                    assert_eq!(part.number, u64::try_from(statement.number).ok());
                }
                let signed = |line: &matching::BankLine| {
                    let amount = line.amount.minor_units();
                    if line.direction == Direction::Credit { amount } else { -amount }
                };
                let found = read.lines.iter().map(|line| {
                    let value = line.value_date.map(|day| day.to_string()).unwrap_or_default();
                    (signed(line), value, line.bank_reference.clone().unwrap_or_default())
                });
                assert_eq!(found.collect::<Vec<_>>(), wanted(&entries), "{node} {format:?}\n{text}");
                for (line, entry) in read.lines.iter().zip(&entries).filter(|(_, entry)| entry.end_to_end_id.len() == 32) {
                    assert!(line.end_to_end.iter().any(|found| found.text == entry.end_to_end_id), "{line:?}");
                    assert_eq!(line.returned.is_some(), entry.kind == "payout.return", "{format:?} {line:?}");
                }
                assert_eq!(head.losses.is_empty(), format == StatementFormat::Camt053);
            }
        }
    }
}

#[tokio::test]
async fn written_messages_validate_and_state_their_totals() {
    let fixture = start(testbed::Storage::sqlite()).await;
    let nodes = world(&fixture).await;
    let (today, day) = (fixture.day(0), fixture.day(-1));
    fixture.book(Booking::of(COSTS, CREATORS, 7)).await;
    for node in nodes {
        for (format, name) in CAMT {
            let (_, bytes) = fixture.file(node, &day, format).await.unwrap();
            validate(name, &bytes);
            let read = AccountReports::read(&bytes).unwrap();
            assert_eq!(read.findings(), [], "{node} {name}");
            let (statement, entries) = fixture.statement(node, &day).await.unwrap();
            let report = &read.reports[0];
            assert_eq!(report.entries.len(), entries.len());
            assert_eq!(report.totals.all.as_ref().unwrap().count, Some(entries.len() as u64));
            let number = (format == StatementFormat::Camt053).then_some(1);
            assert_eq!(report.electronic_sequence, number);
            assert_eq!(report.account.id.as_ref().unwrap().number(), statement.account_number);
            assert_eq!(
                (report.account.owner.as_deref(), report.account.servicer_bic.as_deref()),
                (Some(statement.entity.as_str()), Some("TESTUS33"))
            );
        }
        for (format, name) in &CAMT[1..] {
            validate(name, &fixture.file(node, &today, *format).await.unwrap().1);
        }
        for format in [StatementFormat::Camt053, StatementFormat::Mt940, StatementFormat::Bai2, StatementFormat::Pdf] {
            assert_eq!(reason(&fixture.file(node, &today, format).await.unwrap_err()), "DAY_OPEN");
        }
    }
    let text = String::from_utf8(fixture.file("us-costs", &day, StatementFormat::Camt053).await.unwrap().1).unwrap();
    for part in [
        "<Acct><Id><IBAN>DE89370400440532013000</IBAN></Id><Ccy>USD</Ccy>",
        "<ElctrncSeqNb>1</ElctrncSeqNb>",
        "<Cd>PRCD</Cd>",
        "<Cd>OPBD</Cd>",
        "<Cd>CLBD</Cd>",
        "<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf>",
        "<Cd>RCDT</Cd><SubFmlyCd>RRTN</SubFmlyCd>",
        "<Cd>ACMT</Cd><Fmly><Cd>MDOP</Cd><SubFmlyCd>CHRG</SubFmlyCd></Fmly>",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
}

#[tokio::test]
async fn mt940_is_read_by_the_package_from_pypi() {
    let packages = std::env::current_exe().unwrap().ancestors().nth(3).unwrap().join("mt940");
    if !packages.join("mt940").is_dir() {
        println!("skipped: there is no package mt-940; `make needs` installs it where PyPI can be reached");
        return;
    }
    let fixture = start(testbed::Storage::sqlite()).await;
    for node in world(&fixture).await {
        let day = fixture.day(-1);
        let (statement, entries) = fixture.statement(node, &day).await.unwrap();
        let (_, bytes) = fixture.file(node, &day, StatementFormat::Mt940).await.unwrap();
        let program = "import sys, mt940\nread = mt940.parse(sys.stdin.read())\n\
            print(read.data['final_opening_balance'].amount.amount, read.data['final_closing_balance'].amount.amount)\n\
            for one in read: print(one.data['amount'].amount, one.data['date'], one.data['bank_reference'])";
        let read = output(Command::new("python3").args(["-c", program]).env("PYTHONPATH", &packages), &bytes);
        assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
        let major = |minor: i64| format!("{}{}.{:02}", if minor < 0 { "-" } else { "" }, minor.abs() / 100, minor.abs() % 100);
        let mut lines = vec![format!("{} {}", major(statement.opening_minor_units), major(statement.closing_minor_units))];
        lines.extend(wanted(&entries).iter().map(|(amount, value, reference)| format!("{} {value} {reference}", major(*amount))));
        assert_eq!(String::from_utf8_lossy(&read.stdout).lines().collect::<Vec<_>>(), lines);
    }
}
