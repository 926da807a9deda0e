//! The page for people of every code with which a bank refuses or sends back a payout.
use crate::nacha::return_codes;
use iso20022::codes::handling::{CodeAdvice, CodeList, known_codes};
use std::{collections::BTreeSet, fmt::Write as _, path::Path};

/// The page, from the root of the project.
const PAGE: &str = "deploy/runbooks/payout-codes.md";
/// The lists of codes that end or undo a payment, with their titles.
const LISTS: [(CodeList, &str); 3] = [
    (CodeList::StatusReason, "Rejected (`ExternalStatusReason1Code`)"),
    (CodeList::ReturnReason, "Sent back (`ExternalReturnReason1Code`)"),
    (CodeList::CancellationRejection, "Recall refused (`ExternalPaymentCancellationRejection1Code`)"),
];

/// A text in a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

/// A word of an enum as its JSON has it.
fn word(value: impl serde::Serialize) -> String {
    serde_json::to_value(value).unwrap().as_str().unwrap().to_owned()
}

fn page() -> String {
    let mut page = String::from(
        "# Codes of banks\n\nGenerated from the tables of `shared/iso20022` and `shared/bankfiles` by a test of `bankfiles`; \
         `LARGESSE_REGENERATE=1 cargo test -p bankfiles --lib the_page_of_codes` writes it.\n\nFor every code: who acts next, whether a new payment may be made, \
         what is done next, and what the creator reads (`payee_text` of GetPayout). A code that is not here is kept as the bank sent it and goes to a person; \
         nothing follows from it automatically. Who acts and what is done is for staff: some of it names a suspicion.\n",
    );
    for (list, title) in LISTS {
        write!(
            page,
            "\n## {title}\n\n| code | meaning | who acts | pay again | next step | the creator reads |\n|---|---|---|---|---|---|\n"
        )
        .unwrap();
        for code in known_codes(list) {
            let advice = CodeAdvice::of(list, code);
            let (owner, resend) = (advice.owner.word(), advice.resend.word());
            let [meaning, step, text] = [advice.meaning, advice.next_step, advice.payee_text].map(cell);
            writeln!(page, "| {code} | {meaning} | {owner} | {resend} | {step} | {text} |").unwrap();
        }
    }
    page.push_str("\n## ACH returns (NACHA)\n\nCodes that only debits get have `nobody`: a payout is a credit.\n\n");
    page.push_str("| code | meaning | who acts | pay again | next step | the creator reads |\n|---|---|---|---|---|---|\n");
    for code in return_codes() {
        let [meaning, step, text] = [code.meaning, code.next_step, code.words].map(cell);
        writeln!(page, "| {} | {meaning} | {} | {} | {step} | {text} |", code.code, word(code.owner), word(code.retry)).unwrap();
    }
    page
}

#[test]
fn the_page_of_codes_is_what_the_tables_say() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(PAGE);
    let page = page();
    if std::env::var_os("LARGESSE_REGENERATE").is_some() {
        std::fs::write(&file, &page).unwrap();
    }
    let committed = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(committed == page, "{PAGE} is not what the tables say: LARGESSE_REGENERATE=1 writes it, then read the difference");
}

#[test]
fn every_code_is_on_the_page_once_with_a_text_for_the_creator() {
    let page = page();
    for (list, title) in LISTS {
        let section = page.split(&format!("## {title}\n")).nth(1).unwrap().split("\n## ").next().unwrap();
        let rows: Vec<Vec<&str>> =
            section.lines().filter(|line| line.starts_with("| ")).skip(1).map(|line| line.split(" | ").collect()).collect();
        let codes: BTreeSet<&str> = rows.iter().map(|row| row[0].trim_start_matches("| ")).collect();
        assert_eq!((rows.len(), codes.len()), (known_codes(list).count(), known_codes(list).count()), "{title}");
        for row in rows {
            assert!(row.len() == 6 && row.iter().all(|text| !text.trim_matches(['|', ' ']).is_empty()), "{row:?}");
        }
    }
    assert_eq!(page.lines().filter(|line| line.starts_with("| R") && line.as_bytes()[5] == b' ').count(), 71);
}
