//! Tests against the reference data: real files and tables of codes. They are not part of the project.
use super::*;
use std::collections::HashSet;
use std::path::PathBuf;

/// The folder, or `None` if the tests are to be skipped.
fn folder() -> Option<PathBuf> {
    let Some(root) = std::env::var_os("LARGESSE_REFERENCE_DATA") else {
        println!("skipped: LARGESSE_REFERENCE_DATA is not set");
        return None;
    };
    Some(PathBuf::from(root).join("nacha"))
}

/// Rows of a CSV file without its header. Quotes may enclose commas.
fn rows(folder: &std::path::Path, file: &str) -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(folder.join(file)).unwrap();
    let row = |line: &str| {
        let mut fields = vec![String::new()];
        let mut quoted = false;
        for c in line.chars() {
            match c {
                '"' => quoted = !quoted,
                ',' if !quoted => fields.push(String::new()),
                c => fields.last_mut().unwrap().push(c),
            }
        }
        fields
    };
    text.lines().skip(1).map(row).collect()
}

#[test]
fn reference_files_are_written_back_to_the_byte() {
    let Some(folder) = folder() else { return };
    let (mut same, mut refused) = (Vec::new(), Vec::new());
    for row in rows(&folder, "fixtures.csv") {
        let bytes = std::fs::read(folder.join("fixtures").join(&row[0])).unwrap();
        assert!(looks_like(&bytes), "{}", row[0]);
        match read(&bytes) {
            Ok(file) => {
                assert_eq!(write(&file).as_deref(), Ok(&bytes[..]), "{}", row[0]);
                let reading = reading(&bytes);
                assert!(reading.is_sound() && reading.format == "NACHA", "{}", row[0]);
                println!("{}: {:?}", row[0], reading.problems);
                same.push(row[0].clone());
            }
            Err(refusal) => refused.push((row[0].clone(), row[2].clone(), refusal.to_string())),
        }
    }
    assert_eq!(same.len(), 9, "{same:?}");
    let [(order, _, out_of_order), (length, why, wrong_length)] = &refused[..] else { panic!("{refused:?}") };
    // The table says nothing against the first: it checked lengths, hashes, counts and blocks only. Its name says it: records are in the
    // wrong order.
    assert_eq!(order, "bad-batch-order.ach");
    assert_eq!(out_of_order, "line 1: is a batch header (record 5) where record 1 must be: records are in the wrong order");
    assert_eq!(length, "bad-one-line-no-newlines.ach");
    assert!(why.starts_with("irregular line length"), "{why}");
    assert_eq!(wrong_length, "line 1: has 75 characters, not 94");
}

#[test]
fn reference_hash_overflows() {
    let Some(folder) = folder() else { return };
    let file = read(&std::fs::read(folder.join("fixtures/largesse-hash-overflow.ach")).unwrap()).unwrap();
    let whole: u64 =
        file.batches.iter().flat_map(|batch| &batch.entries).map(|entry| entry.routing_number[..8].parse::<u64>().unwrap()).sum();
    assert!(whole > 9_999_999_999, "{whole}");
    assert_eq!(file.totals().hash, whole % 10_000_000_000);
}

#[test]
fn reference_files_survive_cuts_and_changes() {
    let Some(folder) = folder() else { return };
    for row in rows(&folder, "fixtures.csv") {
        let bytes = std::fs::read(folder.join("fixtures").join(&row[0])).unwrap();
        // The long one takes long, and is of the same records.
        for at in (0..bytes.len()).step_by(7).take(if bytes.len() > 2_000 { 20 } else { usize::MAX }) {
            hostile::assert_exact(&bytes[..at]);
            let mut changed = bytes.clone();
            changed[at] = changed[at].wrapping_add(1);
            hostile::assert_exact(&changed);
        }
    }
}

#[test]
fn reference_return_codes_agree() {
    let Some(folder) = folder() else { return };
    let rows = rows(&folder, "return_codes.csv");
    assert_eq!(rows.iter().map(|row| row[0].as_str()).collect::<Vec<_>>(), return_codes().map(|code| code.code).collect::<Vec<_>>());
    for row in rows {
        let code = return_code(&row[0]).unwrap();
        assert_eq!(code.concerns_credits, row[2].starts_with("yes"), "{row:?}");
        let sender = match row[3].as_str() {
            "RDFI" => ReturnSender::ReceivingBank,
            "operator" => ReturnSender::Operator,
            "RDFI or operator" => ReturnSender::ReceivingBankOrOperator,
            "ODFI" => ReturnSender::OriginatingBank,
            "agency" => ReturnSender::Agency,
            "gateway" => ReturnSender::Gateway,
            "RDFI/gateway" => ReturnSender::ReceivingBankOrGateway,
            other => panic!("{other}"),
        };
        let retry = match row[4].as_str() {
            "no" => ReturnRetry::Never,
            "n/a" => ReturnRetry::NotApplicable,
            "later, other rail" => ReturnRetry::LaterOrOtherRail,
            text if text.starts_with("debits only") => ReturnRetry::DebitsOnly,
            text if text.starts_with("yes") || text.starts_with("corrected") => ReturnRetry::Corrected,
            other => panic!("{other}"),
        };
        let owner = match row[5].as_str() {
            "creator" => ReturnOwner::Creator,
            "operations" => ReturnOwner::Operations,
            "compliance" => ReturnOwner::Compliance,
            "bank" => ReturnOwner::Bank,
            "n/a" => ReturnOwner::Nobody,
            other => panic!("{other}"),
        };
        let exception = format!("({} 2 bd)", row[0]);
        let window = match row[6].as_str() {
            text if text.contains(&exception) => ReturnWindow::BankingDays(2),
            "2 bd" => ReturnWindow::BankingDays(2),
            text if text.starts_with("60 cd") => ReturnWindow::CalendarDays(60),
            "next file" => ReturnWindow::NextFile,
            "undefined" => ReturnWindow::Undefined,
            "n/a" | "" => ReturnWindow::Unstated,
            text if text.starts_with("promptly") => ReturnWindow::Promptly,
            "5 bd after the return settled" => ReturnWindow::AfterReturn(5),
            "2 bd after the dishonour settled" => ReturnWindow::AfterDishonour(2),
            other => panic!("{other}"),
        };
        assert_eq!((code.sender, code.retry, code.owner, code.window), (sender, retry, owner, window), "{row:?}");
    }
}

#[test]
fn reference_change_codes_agree() {
    let Some(folder) = folder() else { return };
    let rows = rows(&folder, "noc_codes.csv");
    assert_eq!(rows.iter().map(|row| row[0].as_str()).collect::<Vec<_>>(), CHANGE_CODES.map(|code| code.code));
    for row in rows {
        let code = change_code(&row[0]).unwrap();
        assert_eq!(code.refusal, row[1].starts_with("refused"), "{row:?}");
        // The lengths that the layout names, in its order, without the blanks between fields.
        let numbers = row[2].split(|c: char| !c.is_ascii_digit()).filter_map(|number| number.parse::<usize>().ok());
        let numbers: Vec<usize> = if row[2].contains("digits, e.g.") { numbers.take(1).collect() } else { numbers.collect() };
        let mut stated = Vec::new();
        let mut from = 0;
        for number in numbers {
            // Three blanks separate fields; no field is three characters long.
            if number != 3 {
                stated.push((from, number));
            }
            from += number;
        }
        assert_eq!(code.layout.iter().map(|place| (place.from, place.length)).collect::<Vec<_>>(), stated, "{row:?}");
        let fields: HashSet<ChangedField> = code.layout.iter().map(|place| place.field).collect();
        assert_eq!(fields.len(), stated.len());
        if !code.refusal {
            assert_eq!(fields.contains(&ChangedField::RoutingNumber), row[1].contains("routing"), "{row:?}");
            assert_eq!(fields.contains(&ChangedField::AccountNumber), row[1].contains("account"), "{row:?}");
            assert_eq!(fields.contains(&ChangedField::TransactionCode), row[1].contains("transaction code"), "{row:?}");
        }
    }
}

#[test]
fn reference_classes_agree() {
    let Some(folder) = folder() else { return };
    let mut known = HashSet::new();
    for row in rows(&folder, "sec_codes.csv") {
        for code in row[0].split('/') {
            let class = sec_code(code).unwrap_or_else(|| panic!("{code}"));
            known.insert(code.to_owned());
            assert_eq!((class.credits, class.debits), (row[2].starts_with("yes"), row[3] == "yes"), "{row:?}");
            assert_eq!(class.for_payouts, row[5].starts_with("payouts to"), "{row:?}");
            if let Some(most) = class.payment_addenda_max {
                // Ranges and plain zeros; the rows of TRC and XCK leave it open, those truncated checks have none.
                let stated = if row[6].is_empty() { Some(0) } else { most_of(&row[6]) };
                assert_eq!(Some(most), stated, "{row:?}");
            }
        }
    }
    assert_eq!(known.len(), SEC_CODES.len());
}

fn most_of(text: &str) -> Option<u16> {
    text.trim_end_matches(" x 05").rsplit('-').next()?.parse().ok()
}

#[test]
fn reference_transaction_codes_agree() {
    let Some(folder) = folder() else { return };
    for row in rows(&folder, "transaction_codes.csv") {
        let code = TransactionCode::from_code(row[0].parse().unwrap()).unwrap_or_else(|| panic!("{row:?}"));
        let account = match row[1].as_str() {
            "checking" => AccountKind::Checking,
            "savings" => AccountKind::Savings,
            "general ledger" => AccountKind::GeneralLedger,
            "loan" => AccountKind::Loan,
            other => panic!("{other}"),
        };
        let text = row[2].as_str();
        let purpose = match text {
            text if text.contains("return") => EntryPurpose::Answer,
            text if text.contains("prenote") => EntryPurpose::Prenote,
            text if text.contains("zero-dollar") => EntryPurpose::ZeroDollar,
            _ => EntryPurpose::Live,
        };
        let direction = if text.contains("debit") { AchDirection::Debit } else { AchDirection::Credit };
        assert_eq!((code.account(), code.purpose(), code.direction()), (account, purpose, direction), "{row:?}");
    }
}
