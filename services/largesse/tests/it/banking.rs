//! `largesse rails` and `largesse bank`: facts of rails as people look them up and change them, and what the files of banks say.
use serde_json::Value;
use std::{
    path::Path,
    process::{Command, Output},
};

fn largesse(arguments: &[&str], files: &[&Path]) -> (Output, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_largesse")).args(arguments).args(files).env_remove("RUST_LOG").output().unwrap();
    let printed = String::from_utf8(output.stdout.clone()).unwrap();
    (output, printed)
}

#[test]
fn rails_are_listed_as_they_are_at_a_moment() {
    // Thanksgiving, a holiday of the Fed; SEPA Instant never sleeps.
    let (output, printed) = largesse(&["rails", "list", "--at", "2026-11-26T15:00:00Z"], &[]);
    assert!(output.status.success(), "{output:?}");
    let line = |id: &str| printed.lines().find(|line| line.split(' ').next() == Some(id)).unwrap_or_else(|| panic!("{id}: {printed}"));
    assert!(line("sepa-instant").contains(" open ") && line("sepa-instant").contains("EUR"), "{printed}");
    assert!(
        line("us-ach-same-day").contains("from Fri 27 Nov 03:00 EST") && line("us-ach-same-day").contains("1000000.00 USD"),
        "{printed}"
    );
    assert!(line("us-rtp").contains("10000000.00 USD") && line("us-fedwire").contains("hours"), "{printed}");
    assert!(line("ewallet-paypal").contains("equivalent of 20000.00 USD"), "{printed}");
    // The cap of the day on which somebody asks.
    let (_, later) = largesse(&["rails", "list", "--at", "2027-09-20T15:00:00Z"], &[]);
    assert!(later.lines().any(|line| line.starts_with("us-ach-same-day ") && line.contains("10000000.00 USD")), "{later}");
}

#[test]
fn a_file_of_rails_is_checked_whole_and_compared_field_by_field() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("rails.toml");
    let (_, built_in) = largesse(&["rails", "show"], &[]);
    std::fs::write(&file, &built_in).unwrap();
    let (output, printed) = largesse(&["rails", "check"], &[&file]);
    assert!(output.status.success() && printed.starts_with("ok: "), "{printed}");
    let (_, printed) = largesse(&["rails", "diff"], &[&file]);
    assert_eq!(printed, "0 changes\n");

    std::fs::write(&file, built_in.replacen("bank_answer_s = 15", "bank_answer_s = 14", 1)).unwrap();
    let (_, printed) = largesse(&["rails", "diff"], &[&file]);
    assert!(printed.starts_with("rail us-rtp from 2026-01-01: bank_answer_s changed from 15 to 14\n1 change"), "{printed}");

    let wrong =
        built_in.replacen("America/New_York", "America/New_Amsterdam", 1).replacen("bank_answer_s = 20", "bank_answer_s = \"soon\"", 1);
    std::fs::write(&file, wrong).unwrap();
    let (output, printed) = largesse(&["rails", "check"], &[&file]);
    assert_eq!(output.status.code(), Some(1), "{printed}");
    assert!(printed.contains("rail us-rtp, zone: ") && printed.contains("rail us-fednow, bank_answer_s: "), "{printed}");
    assert!(printed.ends_with("2 problems: nothing of the file can be used\n"), "{printed}");
    let (output, _) = largesse(&["rails", "list", "--file"], &[&file]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("`largesse rails check` prints them"), "{output:?}");
    let (output, _) = largesse(&["rails", "check"], &[&dir.path().join("none")]);
    assert!(!output.status.success() && String::from_utf8_lossy(&output.stderr).contains("none"), "{output:?}");
}

/// A statement of one entry, with the closing balance as given.
fn bai2(closing: &str, total: &str) -> String {
    format!(
        "01,BANK,US,261126,0600,1,80,,2/\n02,US,BANK,1,261125,0600,USD,2/\n03,900001,USD,010,100000,,,015,{closing},,/\n16,475,25000,,REF1,CHECK/\n49,{total},3/\n98,{total},1,5/\n99,{total},1,7/\n"
    )
}

#[test]
fn what_a_file_of_a_bank_says_is_printed_and_a_broken_one_fails_beside_the_others() {
    let dir = tempfile::tempdir().unwrap();
    let place = |name: &str, text: &str| {
        let file = dir.path().join(name);
        std::fs::write(&file, text).unwrap();
        file
    };
    let sound = place("sound.bai", &bai2("75000", "200000"));
    let (output, printed) = largesse(&["bank", "read"], &[&sound]);
    let read: Value = serde_json::from_str(&printed).unwrap();
    assert!(output.status.success(), "{printed}");
    assert_eq!((read["format"].as_str(), read["problems"].as_array().map(Vec::len)), (Some("BAI2"), Some(0)), "{printed}");
    assert!(printed.contains("REF1") && printed.contains("25000"), "{printed}");

    let wrong_total = place("total.bai", &bai2("75000", "200001"));
    let unknown = place("unknown.txt", "Dear customer, your balance is 100.00");
    let empty = place("empty.xml", "");
    let statement = place(
        "cut.xml",
        "<?xml version=\"1.0\"?><Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.08\"><BkToCstmrStmt><GrpHdr><MsgId>1</MsgId>",
    );
    for (file, format) in [(&wrong_total, "BAI2"), (&unknown, "unknown"), (&empty, "unknown"), (&statement, "camt.053.001.08")] {
        let (output, printed) = largesse(&["bank", "read"], &[file]);
        let read: Value = serde_json::from_str(&printed).unwrap();
        assert_eq!((output.status.code(), read["format"].as_str()), (Some(1), Some(format)), "{printed}");
        let problems = read["problems"].as_array().unwrap();
        assert!(problems.iter().any(|problem| problem["touches_money"] == true), "{printed}");
    }
    // One that can't be opened does not hide what the others say.
    let (output, printed) = largesse(&["bank", "read"], &[&dir.path().join("none"), &sound]);
    assert_eq!(output.status.code(), Some(1));
    assert!(printed.contains("REF1") && String::from_utf8_lossy(&output.stderr).contains("none"), "{output:?}");
}

#[test]
fn an_account_is_checked_whole_and_its_number_stays_hidden() {
    let account = ["accounts", "check", "us-account", "routing_number=121000248", "account_number=123456789"];
    let (output, printed) = largesse(&account, &[]);
    assert!(output.status.success(), "{output:?}");
    assert!(printed.starts_with("us-account *****6789\ncountry   US\ncurrency  USD\n"), "{printed}");
    assert!(
        printed.contains("rail      us-rtp needs also holder_name\n")
            && printed.contains("rail      us-ach needs also account_type, holder_name\n"),
        "{printed}"
    );
    // Every rail that can pay somebody is one that `largesse rails` knows.
    let (_, rails) = largesse(&["rails", "list"], &[]);
    for rail in printed.lines().filter_map(|line| line.strip_prefix("rail      ")) {
        let rail = rail.split(' ').next().unwrap();
        assert!(rails.lines().any(|line| line.split(' ').next() == Some(rail)), "{rail}: {rails}");
    }
    let (output, printed) = largesse(&["accounts", "check", "us-account", "routing_number=121000249", "account_number="], &[]);
    assert_eq!((output.status.code(), printed.lines().count()), (Some(1), 2), "{printed}");
    for (arguments, said) in [
        (&["accounts", "check", "moon-account", "a=1"][..], "there is no such kind"),
        (&["accounts", "check", "DE08500105170900000001"][..], "there is no such kind"),
        (&["accounts", "check", "iban", "DE08500105170900000001=iban"], "field 1: there is no field of this name"),
        (&["accounts", "check", "iban", "iban=DE08500105170900000001", "iban=DE08500105170900000001"], "iban must be given once"),
        (&["accounts", "check", "iban", "ibn=DE1"], "field 1: there is no field of this name"),
        (&["accounts", "check", "iban", "DE08500105170900000001"], "field 1: must be FIELD=VALUE"),
    ] {
        let (output, _) = largesse(arguments, &[]);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(1) && error.contains(said) && !error.contains("500105170900"), "{error}");
    }
    let (_, kinds) = largesse(&["accounts", "kinds"], &[]);
    assert_eq!(kinds.lines().count(), 18, "{kinds}");
}

/// An edition of a list with these persons.
fn edition(dir: &Path, persons: &[(u32, &str)]) {
    let line = |(id, name): &(u32, &str)| {
        format!("{id},\"{name}\",\"individual\",\"TEST\",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,\"DOB 31 Jan 1970.\"\r\n")
    };
    std::fs::create_dir(dir).unwrap();
    std::fs::write(dir.join("sdn.csv"), persons.iter().map(line).collect::<String>() + "\u{1a}").unwrap();
    for name in ["alt.csv", "add.csv", "sdn_comments.csv"] {
        std::fs::write(dir.join(name), "\u{1a}").unwrap();
    }
}

#[test]
fn a_list_is_taken_whole_its_editions_compared_and_a_name_screened() {
    let dir = tempfile::tempdir().unwrap();
    let (old, new) = (dir.path().join("old"), dir.path().join("new"));
    edition(&old, &[(1, "EXAMPLESON, Quirinius"), (2, "NOBODY, Ambrosia")]);
    edition(&new, &[(1, "EXAMPLESON, Quirinius Maximus"), (3, "TESTPERSON, Leopoldine")]);
    let (output, printed) = largesse(&["screening", "check"], &[&old]);
    assert!(
        output.status.success() && printed.starts_with("ok: 2 entries, 0 alternate names") && printed.contains("warning: the alternate"),
        "{output:?}"
    );
    let (_, printed) = largesse(&["screening", "diff"], &[&old, &new]);
    assert!(printed.ends_with("1 added, 1 removed, 1 changed\n") && printed.contains("TESTPERSON, Leopoldine"), "{printed}");

    let name = |name: &str, more: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_largesse"))
            .args(["screening", "name"])
            .arg(&old)
            .args([name, "--kind", "person"])
            .args(more)
            .output()
            .unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let (code, printed) = name("Quirinius Exampleson", &["--born", "1970-01-31"]);
    assert!(code == Some(1) && printed.contains("block     entry 1 ") && printed.contains("date of birth agrees"), "{printed}");
    assert_eq!(name("Wilhelmina Unrelated", &[]), (Some(0), "0 hits\n".to_owned()));

    std::fs::write(new.join("sdn.csv"), "1,\"CUT\r\n").unwrap();
    let (output, printed) = largesse(&["screening", "check"], &[&new]);
    assert_eq!(output.status.code(), Some(1), "{printed} {output:?}");
    // Both lists in one directory: only one would be screened. A missing file is called missing, not cut off.
    std::fs::copy(old.join("sdn.csv"), old.join("CONS_PRIM.CSV")).unwrap();
    let (output, _) = largesse(&["screening", "check"], &[&old]);
    assert!(!output.status.success() && String::from_utf8_lossy(&output.stderr).contains("files of two lists"), "{output:?}");
    std::fs::remove_file(old.join("CONS_PRIM.CSV")).unwrap();
    std::fs::remove_file(old.join("alt.csv")).unwrap();
    let (output, _) = largesse(&["screening", "check"], &[&old]);
    assert!(!output.status.success() && String::from_utf8_lossy(&output.stderr).contains("alt.csv is missing"), "{output:?}");
    let (output, _) = largesse(&["rails", "check"], &[Path::new("/dev/zero")]);
    assert!(!output.status.success() && String::from_utf8_lossy(&output.stderr).contains("at most 1048576 bytes"), "{output:?}");
    let (output, _) = largesse(&["screening", "check"], &[dir.path()]);
    assert!(!output.status.success() && String::from_utf8_lossy(&output.stderr).contains("has neither sdn.csv"), "{output:?}");
}

#[test]
fn lines_of_statements_are_matched_to_a_table_of_what_is_expected() {
    let dir = tempfile::tempdir().unwrap();
    let place = |name: &str, text: &str| {
        let file = dir.path().join(name);
        std::fs::write(&file, text).unwrap();
        file
    };
    let id = "0192f0c0a1b27c3d8e4f5a6b7c8d9e01";
    let text = bai2("75000", "200000").replace(",,REF1,CHECK/", &format!(",,REF1,{id},CHECK /"));
    let statement = place("statement.bai", &text);
    let header = "key,account,direction,amount,currency,end_to_end_id";
    let expected = place("expected.csv", &format!("{header}\nP1,900001,debit,250.00,USD,{id}\nP2,900001,debit,1,USD,\n"));
    let matched = |files: &[&Path], table: &Path| {
        let table = format!("--expected={}", table.display());
        let (output, printed) = largesse(&["bank", "match", &table], files);
        (output.status.code(), serde_json::from_str::<Value>(&printed).unwrap_or_default(), output)
    };
    // The same statement twice is matched once, and is no problem.
    let (code, report, output) = matched(&[&statement, &statement], &expected);
    assert_eq!(code, Some(0), "{output:?}");
    let [line] = report["matches"].as_array().unwrap().as_slice() else { panic!("one line: {report}") };
    assert_eq!(
        (line["result"].as_str(), line["item"].as_str(), line["rule"].as_str()),
        (Some("settles"), Some("P1"), Some("end_to_end_id"))
    );
    assert_eq!((line["amount"].as_str(), line["standing"].as_str()), (Some("250.00 USD"), Some("booked")), "{line}");
    assert_eq!((&report["settled_by_none"][0], &report["summary"]["settles"]), (&Value::from("P2"), &Value::from(1)));
    assert_eq!(report["statements"][0]["finding"], "same_statement");

    // Another amount, or nothing that is expected: a person looks.
    let differs = place("differs.csv", &format!("{header}\nP1,900001,debit,250.01,USD,{id}\n"));
    let (code, report, _) = matched(&[&statement], &differs);
    assert_eq!(
        (code, report["matches"][0]["result"].as_str(), report["matches"][0]["field"].as_str()),
        (Some(1), Some("differs"), Some("amount"))
    );
    let (code, report, _) = matched(&[&statement], &place("none.csv", header));
    assert_eq!((code, report["matches"][0]["kind"].as_str()), (Some(1), Some("unknown_debit")));

    // A wrong total books nothing, and a wrong table matches nothing.
    let broken = place("broken.bai", &text.replace("99,200000", "99,200001"));
    let (code, report, _) = matched(&[&broken], &expected);
    assert_eq!(
        (code, report["matches"].as_array().map(Vec::len), &report["files"][0]["is_sound"]),
        (Some(1), Some(0), &Value::from(false))
    );
    let (code, _, output) = matched(&[&statement], &place("wrong.csv", &format!("{header}\nP1,900001,out,1,USD,\n")));
    assert_eq!(code, Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("line 2: direction must"), "{output:?}");
}

#[test]
fn a_day_is_reconciled_until_every_entry_has_a_match_or_a_case() {
    let dir = tempfile::tempdir().unwrap();
    let place = |name: &str, text: &str| {
        let file = dir.path().join(name);
        std::fs::write(&file, text).unwrap();
        file
    };
    let id = "0192f0c0a1b27c3d8e4f5a6b7c8d9e01";
    let statement = |amount: &str, closing: &str| {
        format!(
            ":20:REF\r\n:25:DE89370400440532013000\r\n:28C:228/1\r\n:60F:C261123EUR100,00\r\n:61:2611241124D{amount}NTRFNONREF//BK1\r\n:86:/EREF/{id}\r\n:62F:C261124EUR{closing}\r\n-\r\n"
        )
    };
    let good = place("good.sta", &statement("5,00", "95,00"));
    let table = place(
        "items.csv",
        &format!(
            "key,account,direction,amount,currency,end_to_end_id,since,state\nP1,DE89370400440532013000,debit,5.00,EUR,{id},2026-11-24,submitted\n"
        ),
    );
    let reconciled = |file: &Path, more: &[&str]| {
        let table = format!("--expected={}", table.display());
        let (output, printed) = largesse(&[&["bank", "reconcile", &table, "--today=2026-11-24"], more].concat(), &[file]);
        (output.status.code(), printed, output)
    };
    let books = "--books=DE89370400440532013000=";
    let (code, printed, output) = reconciled(&good, &[&format!("{books}100.00")]);
    assert_eq!(code, Some(0), "{printed} {output:?}");
    assert!(printed.contains("matched: 1 line\n  end_to_end_id 1\ncases: 0\n"), "{printed}");
    assert!(printed.contains("opening 100.00 + entries -5.00 = closing 95.00"), "{printed}");
    assert!(printed.contains("the day closes: books 95.00 - bank 95.00 is named by 0 items"), "{printed}");
    // A cent that nobody can name stops the day.
    let (code, printed, _) = reconciled(&good, &[&format!("{books}100.01")]);
    assert!(code == Some(1) && printed.contains("books and bank differ by 1 minor units, and the named items come to 0"), "{printed}");

    // Half a euro less is a case with its posting, and is what the books and the bank differ by.
    let less = place("less.sta", &statement("4,50", "95,50"));
    let (code, printed, _) = reconciled(&less, &["--json", &format!("{books}100.00")]);
    let report: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!((code, report["cases"][0]["class"].as_str()), (Some(1), Some("UNDER_AMOUNT")), "{report}");
    assert_eq!(report["cases"][0]["postings"][0]["debit"], "in transit");
    assert_eq!(
        (&report["proof"][0]["closes"]["timing"][0]["difference"], report["matches"].as_array().map(Vec::len)),
        (&Value::from(450), Some(0))
    );

    // A refused file, a wrong table and an account that is not there.
    let broken = place("broken.sta", &statement("5,00", "95,01"));
    let (code, printed, _) = reconciled(&broken, &[]);
    assert!(code == Some(1) && printed.contains("TOTALS on DE89370400440532013000: file 1 was refused"), "{printed}");
    let (code, _, output) = reconciled(&good, &["--books=X=1.00"]);
    assert!(code == Some(1) && String::from_utf8_lossy(&output.stderr).contains("no statement of the account was matched"), "{output:?}");
    std::fs::write(&table, "key,account,direction,amount,currency,state\nP1,X,debit,5.00,EUR,lost\n").unwrap();
    let (code, _, output) = reconciled(&good, &[]);
    assert!(code == Some(1) && String::from_utf8_lossy(&output.stderr).contains("line 2: state must be"), "{output:?}");
}
