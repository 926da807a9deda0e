//! Statements in: what settles what, what becomes a case, what the treasury book gets of it, and which days close.
use crate::{
    bank::{Entry, entry, id, parts, payout, statement},
    fixture::{BOOK, Fixture, both},
};
use api::{
    ledger::BookMode,
    treasury::{AdjustmentKind, CaseState, ImportState},
};
use sha2::Digest as _;
use testbed::Storage;

fn reason(status: &tonic::Status) -> String {
    rpc::reason(status).unwrap_or_else(|| status.to_string())
}

/// A day with a settled payout, the same debited again, and money from nobody.
fn usual(day: &str) -> String {
    let entries = [entry("BK1", -12_550, &id(1)), entry("BK2", -12_550, &id(1)), entry("BK3", 5_000, "NOTPROVIDED")];
    statement(7, day, 1_000_000, &entries)
}

async fn usual_world(fixture: &Fixture) -> String {
    fixture.with_euros(1_000_000).await;
    let day = fixture.day(-3);
    fixture.expect(vec![payout("P1", 12_550, &id(1), &day)]).await.unwrap();
    day
}

#[tokio::test]
async fn a_file_is_taken_once_and_what_nobody_ordered_is_booked_once() {
    for fixture in both().await {
        let day = usual_world(&fixture).await;
        let file = usual(&day);
        for wanted in [ImportState::Taken, ImportState::Known, ImportState::Known] {
            let imported = fixture.import(file.as_bytes()).await.unwrap();
            assert_eq!((imported.state(), imported.open_case_count, imported.format.as_str()), (wanted, 2, "camt.053.001.08"));
            assert_eq!(imported.statements[0].entry_count, 3);
        }
        // The same statement with other bytes is the same statement.
        let spaced = fixture.import(file.replace("?>\n", "?>\n\n").as_bytes()).await.unwrap();
        assert_eq!((spaced.state(), spaced.open_case_count), (ImportState::Taken, 2));
        assert_eq!(fixture.open_cases().await, [("DUPLICATE_DEBIT".to_owned(), 0), ("UNKNOWN_CREDIT".to_owned(), 0)]);
        let noted = fixture.case("DUPLICATE_STATEMENT").await;
        assert_eq!((noted.state(), noted.resolution.as_str()), (CaseState::Explained, "noted"));
        // The settled payout is the payout's own to post.
        assert_eq!(fixture.has("bank-eur-unallocated").await, 5_000);
        assert_eq!(fixture.has("bank-eur-suspense").await, -12_550);
        assert_eq!(fixture.has("bank-eur").await, 1_000_000 + 5_000 - 12_550);
        let duplicate = fixture.case("DUPLICATE_DEBIT").await;
        assert_eq!((duplicate.owner.as_str(), duplicate.items.as_slice(), duplicate.rule), ("payments", &["P1".to_owned()][..], 2));
        assert!(duplicate.evidence.iter().any(|evidence| evidence.text == id(1)), "{:?}", duplicate.evidence);
        assert!(duplicate.age_banking_days <= 3 && duplicate.postings[0].debit == "suspense", "{duplicate:?}");
    }
}

/// What another service booked by RecordReceipt, and the bank's statement of the same money.
#[tokio::test]
async fn a_receipt_that_is_in_the_books_is_not_booked_again_by_its_statement() {
    for fixture in both().await {
        fixture.with_euros(1_000_000).await;
        let day = fixture.day(-3);
        let request = api::treasury::RecordReceiptRequest {
            amount: Some(api::r#type::Money { currency_code: "EUR".to_owned(), minor_units: 5_000 }),
            value_date: day.clone(),
            bank_reference: "BK3".to_owned(),
            ..crate::receipts::came("bank-eur", "", 5_000)
        };
        fixture.received(request.clone()).await.unwrap();
        let entries = [entry("BK3", 5_000, "NOTPROVIDED"), entry("BK4", 5_000, "NOTPROVIDED")];
        let imported = fixture.import(statement(7, &day, 1_000_000, &entries).as_bytes()).await.unwrap();
        assert_eq!(imported.open_case_count, 1, "the second 50.00 came from nobody");
        assert_eq!(fixture.open_cases().await, [("UNKNOWN_CREDIT".to_owned(), 0)]);
        assert!(fixture.received(request).await.unwrap().replayed);
        assert_eq!((fixture.has("bank-eur-unallocated").await, fixture.has("bank-eur").await), (10_000, 1_010_000));
    }
}

#[tokio::test]
async fn a_file_in_parts_survives_a_restart_between_them() {
    for fixture in both().await {
        let day = usual_world(&fixture).await;
        let padding = format!("<!--{}-->", "x".repeat(300 << 10));
        let file = usual(&day).replace("</Stmt>", &format!("{padding}</Stmt>"));
        let sent = parts(file.as_bytes());
        assert_eq!(sent.len(), 2);
        let first = fixture.client().import_statement(fixture.by(sent[1].clone())).await.unwrap().into_inner();
        assert_eq!((first.state(), first.received_bytes), (ImportState::Receiving, sent[1].part.len() as i64));
        assert_eq!(fixture.cases().await, [], "nothing of half a file");
        let mut second = fixture.second().await;
        let whole = second.import_statement(fixture.by(sent[0].clone())).await.unwrap().into_inner();
        assert_eq!((whole.state(), whole.open_case_count), (ImportState::Taken, 2));
        let again = second.import_statement(fixture.by(sent[0].clone())).await.unwrap().into_inner();
        assert_eq!(again.state(), ImportState::Known);
        assert_eq!(fixture.has("bank-eur-suspense").await, -12_550);
    }
}

#[tokio::test]
async fn a_booking_that_the_ledger_did_not_answer_is_posted_once() {
    let fixture = Fixture::start(Storage::sqlite(), BookMode::Test).await;
    let day = usual_world(&fixture).await;
    let file = usual(&day);
    for fault in [testbed::Fault::AnswerLost, testbed::Fault::Down, testbed::Fault::AnswerLost, testbed::Fault::None] {
        fixture.bed.fault.fail(fault);
        drop(fixture.import(file.as_bytes()).await);
    }
    assert_eq!(fixture.import(file.as_bytes()).await.unwrap().state(), ImportState::Known);
    assert_eq!((fixture.has("bank-eur-unallocated").await, fixture.has("bank-eur-suspense").await), (5_000, -12_550));
}

#[tokio::test]
async fn an_item_that_is_announced_late_takes_the_booking_back() {
    for fixture in both().await {
        fixture.with_euros(1_000_000).await;
        let day = fixture.day(-3);
        let file = statement(7, &day, 1_000_000, &[entry("BK1", -12_550, &id(1))]);
        fixture.import(file.as_bytes()).await.unwrap();
        assert_eq!(fixture.has("bank-eur-suspense").await, -12_550);
        fixture.expect(vec![payout("P1", 12_550, &id(1), &day)]).await.unwrap();
        fixture.import(file.as_bytes()).await.unwrap();
        assert_eq!((fixture.has("bank-eur-suspense").await, fixture.open_cases().await), (0, vec![]));
        assert_eq!(fixture.case("UNKNOWN_DEBIT").await.resolution, "matched");
        assert_eq!(fixture.assert_rows_are_postings().await["treasury.entry"], 2, "booked, and taken back");
        let differs = fixture.expect(vec![payout("P1", 12_551, &id(1), &day)]).await.unwrap_err();
        assert_eq!(reason(&differs), "ITEM_DIFFERS");
    }
}

#[tokio::test]
async fn two_people_adjust_a_case_and_it_is_posted_once() {
    for fixture in both().await {
        let day = usual_world(&fixture).await;
        fixture.import(usual(&day).as_bytes()).await.unwrap();
        let credit = fixture.case("UNKNOWN_CREDIT").await;
        let to_creators = ("bank-eur-unallocated", "eu-creators", 5_000);
        let uneven = fixture.propose(&credit, AdjustmentKind::Adjustment, ("", "eu-creators", 5_000)).await.unwrap_err();
        assert_eq!((reason(&uneven), rpc::errors::facts(&uneven)["difference"].as_str()), ("ADJUSTMENT_UNEVEN".to_owned(), "5000"));
        let elsewhere = fixture.propose(&credit, AdjustmentKind::Adjustment, ("bank-eur-unallocated", "us-costs", 1)).await.unwrap_err();
        assert_eq!(reason(&elsewhere), "LEAF_UNKNOWN");
        let first = fixture.propose(&credit, AdjustmentKind::Adjustment, to_creators).await.unwrap();
        let proposed = fixture.propose(&credit, AdjustmentKind::Adjustment, to_creators).await.unwrap();
        assert_eq!(reason(&fixture.approve("ann", &first).await.unwrap_err()), "ADJUSTMENT_REPLACED");
        assert_eq!(reason(&fixture.approve("fay", &proposed).await.unwrap_err()), "SAME_PERSON");
        assert_eq!(fixture.has("bank-eur-unallocated").await, 5_000, "nothing yet");
        for _ in 0..3 {
            let approved = fixture.approve("ann", &proposed).await.unwrap();
            let (adjustment, case) = (approved.adjustment.unwrap(), approved.found.unwrap());
            assert!(adjustment.posted && adjustment.approved_by == "ann" && case.state() == CaseState::Resolved, "{adjustment:?} {case:?}");
        }
        assert_eq!(fixture.has("bank-eur-unallocated").await, 0);
        assert_eq!(fixture.has("eu-creators").await, 1_005_000);
        assert_eq!(reason(&fixture.propose(&credit, AdjustmentKind::Adjustment, to_creators).await.unwrap_err()), "CASE_RESOLVED");
        // The duplicate is given up: the creators' leaf bears it.
        let duplicate = fixture.case("DUPLICATE_DEBIT").await;
        let loss = fixture.propose(&duplicate, AdjustmentKind::WriteOff, ("eu-creators", "bank-eur-suspense", 12_550)).await.unwrap();
        let written = fixture.approve("ann", &loss).await.unwrap().found.unwrap();
        assert_eq!((written.resolution.as_str(), fixture.has("bank-eur-suspense").await), ("written_off", 0));
        // What was decided stays, however often the statement is read.
        fixture.import(usual(&day).as_bytes()).await.unwrap();
        assert_eq!((fixture.open_cases().await, fixture.has("eu-creators").await), (vec![], 1_005_000 - 12_550));
        let postings = fixture.assert_rows_are_postings().await;
        assert_eq!(["treasury.adjustment", "treasury.write_off"].map(|kind| postings[kind]), [1, 1]);
    }
}

#[tokio::test]
async fn a_day_closes_when_every_difference_has_a_name_and_never_changes_then() {
    for fixture in both().await {
        let day = usual_world(&fixture).await;
        fixture.import(usual(&day).as_bytes()).await.unwrap();
        assert_eq!(reason(&fixture.close("bank-eur", &fixture.day(0)).await.unwrap_err()), "DAY_NOT_OVER");
        assert_eq!(reason(&fixture.close("bank-gbp", &day).await.unwrap_err()), "PHYSICAL_ACCOUNT_UNKNOWN");
        // A cent in the books that nobody can name.
        fixture.adjust(crate::bank::EURO_CASH, crate::bank::EURO_CREATORS, 1).await;
        let refused = fixture.close("bank-eur", &day).await.unwrap_err();
        let facts = rpc::errors::facts(&refused);
        assert_eq!(
            (reason(&refused).as_str(), facts["unnamed_minor_units"].as_str(), facts["obstacles"].as_str()),
            ("DAY_NOT_EXPLAINED", "1", "1")
        );
        fixture.adjust(crate::bank::EURO_CREATORS, crate::bank::EURO_CASH, 1).await;
        let closed = fixture.close("bank-eur", &day).await.unwrap();
        let after = 1_000_000 - 2 * 12_550 + 5_000;
        assert_eq!((closed.closing_minor_units, closed.books_minor_units, closed.entry_count, closed.replayed), (after, after, 3, false));
        assert_eq!(closed.timing_items, [], "suspense and unallocated have the money");
        let again = fixture.close("bank-eur", &day).await.unwrap();
        assert_eq!((again.closing_minor_units, again.entry_count, again.replayed), (after, 3, true));
        // The same day with one entry more.
        let entries =
            [entry("BK1", -12_550, &id(1)), entry("BK2", -12_550, &id(1)), entry("BK3", 5_000, "NOTPROVIDED"), entry("BK4", -1, "X")];
        fixture.import(statement(7, &day, 1_000_000, &entries).as_bytes()).await.unwrap();
        let late = fixture.case("DUPLICATE_STATEMENT").await;
        assert!(late.state() == CaseState::Open && late.detail.contains("1 entries that the closed day does not have"), "{late:?}");
        assert_eq!(fixture.has("bank-eur-suspense").await, -12_550, "nothing of it was booked");
        let next = fixture.day(-2);
        fixture.import(statement(8, &next, after, &[entry("BK5", 700, "Y")]).as_bytes()).await.unwrap();
        assert_eq!(reason(&fixture.close("bank-eur", &next).await.unwrap_err()), "DAY_NOT_EXPLAINED");
        assert_eq!(fixture.explain(&late).await.unwrap().resolution, "explained");
        // The payout's own posting comes after its day was closed; until then the books still lack it.
        let closed = fixture.close("bank-eur", &next).await.unwrap();
        assert_eq!((closed.closing_minor_units, closed.books_minor_units), (after + 700, after + 700));
        fixture.days_later(1);
        fixture.adjust(crate::bank::EURO_CREATORS, crate::bank::EURO_CASH, 12_550).await;
        let settled = api::treasury::BankItem { state: "settled".to_owned(), ..payout("P1", 12_550, &id(1), &day) };
        fixture.expect(vec![settled]).await.unwrap();
        let third = fixture.day(-2);
        fixture.import(statement(9, &third, after + 700, &[]).as_bytes()).await.unwrap();
        let closed = fixture.close("bank-eur", &third).await.unwrap();
        assert_eq!((closed.closing_minor_units, closed.books_minor_units, closed.timing_items.len()), (after + 700, after + 700, 0));
    }
}

#[tokio::test]
async fn a_day_with_a_later_one_beside_it_closes_with_what_is_its_own() {
    let fixture = Fixture::start(Storage::sqlite(), BookMode::Test).await;
    let day = usual_world(&fixture).await;
    let next = fixture.day(-2);
    fixture.import(statement(8, &next, 979_900, &[entry("BK9", 100, "Z")]).as_bytes()).await.unwrap();
    fixture.import(usual(&day).as_bytes()).await.unwrap();
    assert_eq!(fixture.has("bank-eur-unallocated").await, 5_100);
    let early = fixture.close("bank-eur", &next).await.unwrap_err();
    assert_eq!((reason(&early), rpc::errors::facts(&early)["day"].clone()), ("EARLIER_DAY_OPEN".to_owned(), day.clone()));
    assert_eq!(fixture.close("bank-eur", &day).await.unwrap().closing_minor_units, 979_900);
    assert_eq!(fixture.close("bank-eur", &next).await.unwrap().closing_minor_units, 980_000);
}

#[tokio::test]
async fn a_payout_that_is_on_its_way_and_one_that_differs_are_named() {
    for fixture in both().await {
        fixture.with_euros(1_000_000).await;
        let day = fixture.day(-3);
        let out = payout("P1", 300, &id(1), &fixture.day(0));
        let (kind, state) = ("credit_transfer".to_owned(), "settled".to_owned());
        fixture.expect(vec![api::treasury::BankItem { kind, state, ..out }, payout("P2", 750, &id(2), &day)]).await.unwrap();
        // The books have the first one already.
        fixture.adjust(crate::bank::EURO_CREATORS, crate::bank::EURO_CASH, 300).await;
        fixture.import(statement(1, &day, 1_000_000, &[entry("BK1", -700, &id(2))]).as_bytes()).await.unwrap();
        assert_eq!(fixture.open_cases().await, [("UNDER_AMOUNT".to_owned(), 700)]);
        let closed = fixture.close("bank-eur", &day).await.unwrap();
        let named: Vec<(&str, i64)> = closed.timing_items.iter().map(|item| (item.class.as_str(), item.difference_minor_units)).collect();
        assert_eq!(named, [("UNDER_AMOUNT", 700), ("", -300)]);
        // It is explained after its day was closed.
        let case = fixture.case("UNDER_AMOUNT").await;
        assert_eq!(case.closed_with, day);
        let adjusted = fixture.propose(&case, AdjustmentKind::Adjustment, ("eu-creators", "", 700)).await.unwrap();
        fixture.approve("ann", &adjusted).await.unwrap();
        let next = fixture.day(-2);
        fixture.import(statement(2, &next, 999_300, &[entry("BK2", -300, &id(1))]).as_bytes()).await.unwrap();
        assert_eq!(fixture.close("bank-eur", &next).await.unwrap().timing_items, []);
    }
}

#[tokio::test]
async fn a_wrong_statement_is_refused_or_a_case_and_books_nothing() {
    for fixture in both().await {
        fixture.with_euros(1_000_000).await;
        let day = fixture.day(-3);
        let one = [entry("BK1", -100, "A")];
        let good = statement(7, &day, 1_000_000, &one);
        // Refused: nothing can be said of them.
        let other_account = good.replace("DE89370400440532013000", "GB29NWBK60161331926819");
        for file in [&b"\xff\xfe\x00\x01 no statement"[..], b"<Document>", other_account.as_bytes(), &good.as_bytes()[..good.len() / 4]] {
            let status = fixture.import(file).await.unwrap_err();
            assert_eq!(reason(&status), "STATEMENT_REFUSED", "{}", status.message());
            assert!(status.message().contains("nothing of it is kept"), "{}", status.message());
        }
        assert_eq!(fixture.cases().await, []);
        let closing = ">9999.00<";
        assert!(good.contains(closing));
        let broken = [
            ("TOTALS", good.replace(closing, ">9998.00<")),
            ("TOTALS", good.replace("\"EUR\"", "\"USD\"").replace("<Ccy>EUR", "<Ccy>USD")),
            ("TOTALS", good.replace(&day, &fixture.day(5))),
            ("TOTALS", good[..good.len() - 20].to_owned()),
        ];
        for (class, file) in broken {
            fixture.import(file.as_bytes()).await.unwrap();
            let case = fixture.cases().await.into_iter().find(|case| case.state() == CaseState::Open).unwrap();
            assert_eq!((case.class.as_str(), case.owner.as_str(), case.resolution.as_str()), (class, "system", ""), "{case:?}");
            assert_eq!((fixture.has("bank-eur").await, fixture.open_cases().await.len()), (1_000_000, 1));
            let posted = fixture.propose(&case, AdjustmentKind::Adjustment, ("", "eu-creators", 1)).await.unwrap_err();
            assert_eq!(reason(&posted), "CASE_OF_FILE");
            assert_eq!(fixture.explain(&case).await.unwrap().state(), CaseState::Explained);
        }
        assert_eq!(reason(&fixture.close("bank-eur", &day).await.unwrap_err()), "DAY_NOT_EXPLAINED", "no statement of the day");
        fixture.import(good.as_bytes()).await.unwrap();
        assert_eq!(fixture.has("bank-eur").await, 999_900);
    }
}

#[tokio::test]
async fn a_gap_an_overlap_and_a_changed_statement_stop_the_day() {
    for fixture in both().await {
        fixture.with_euros(1_000_000).await;
        let days = [fixture.day(-5), fixture.day(-4), fixture.day(-3)];
        let file = |number, day: usize, opening, entries: &[Entry]| statement(number, &days[day], opening, entries);
        fixture.import(file(1, 0, 1_000_000, &[entry("A1", 100, "A")]).as_bytes()).await.unwrap();
        fixture.import(file(3, 2, 1_000_300, &[entry("A3", 100, "C")]).as_bytes()).await.unwrap();
        assert!(fixture.open_cases().await.iter().any(|(class, _)| class == "GAP"));
        assert_eq!(reason(&fixture.close("bank-eur", &days[2]).await.unwrap_err()), "EARLIER_DAY_OPEN");
        fixture.import(file(2, 1, 1_000_100, &[entry("A2", 200, "B")]).as_bytes()).await.unwrap();
        assert_eq!(fixture.case("GAP").await.resolution, "matched", "the missing one came");
        // Another statement with the number and day of the second.
        let changed = file(2, 1, 1_000_100, &[entry("A2", 200, "B"), entry("A9", 1, "D")]);
        fixture.import(changed.as_bytes()).await.unwrap();
        let duplicates: Vec<_> = fixture.cases().await.into_iter().filter(|case| case.class == "DUPLICATE_STATEMENT").collect();
        assert_eq!(duplicates.len(), 2);
        assert_eq!(fixture.has("bank-eur-unallocated").await, 200, "neither is booked");
        let close = async |day: usize| fixture.close("bank-eur", &days[day]).await.map(|closed| closed.closing_minor_units);
        assert_eq!(close(0).await.unwrap(), 1_000_100);
        assert_eq!(reason(&close(1).await.unwrap_err()), "DAY_NOT_EXPLAINED");
        // Whoever looks finds that the later one is wrong.
        let hash = hex::encode(sha2::Sha256::digest(changed.as_bytes()));
        let about = format!("statement 1 of file {} has", &hash[..12]);
        let wrong = duplicates.iter().find(|case| case.detail.starts_with(&about)).unwrap_or_else(|| panic!("{duplicates:?}"));
        fixture.explain(wrong).await.unwrap();
        assert_eq!(fixture.has("bank-eur-unallocated").await, 400);
        assert_eq!((close(1).await.unwrap(), close(2).await.unwrap()), (1_000_300, 1_000_400));
    }
}

#[tokio::test]
async fn what_is_not_of_its_form_is_malformed() {
    let fixture = Fixture::start(Storage::sqlite(), BookMode::Test).await;
    fixture.with_euros(1).await;
    let good = parts(b"a file").remove(0);
    for wrong in [
        api::treasury::ImportStatementRequest { sha256: "abc".to_owned(), ..good.clone() },
        api::treasury::ImportStatementRequest { size_bytes: (32 << 20) + 1, ..good.clone() },
        api::treasury::ImportStatementRequest { offset_bytes: 5, ..good.clone() },
        api::treasury::ImportStatementRequest { part: vec![1], ..good.clone() },
    ] {
        assert_eq!(reason(&fixture.client().import_statement(fixture.by(wrong)).await.unwrap_err()), "MALFORMED");
    }
    let other_hash = api::treasury::ImportStatementRequest { sha256: "0".repeat(64), ..good };
    assert_eq!(reason(&fixture.client().import_statement(fixture.by(other_hash)).await.unwrap_err()), "STATEMENT_REFUSED");
    let day = fixture.day(0);
    for wrong in [
        api::treasury::BankItem { kind: "cheque".to_owned(), ..payout("P", 1, "", &day) },
        api::treasury::BankItem { state: "lost".to_owned(), ..payout("P", 1, "", &day) },
        payout("P", 0, "", &day),
        payout("", 1, "", &day),
        payout("P", 1, "", "today"),
        payout("P", 1, "", "20261127"),
        payout("P", 1, "", "2026-11-27T10:00"),
        payout("P\u{202e}", 1, "", &day),
        payout("P", 1, "end\u{200b}", &day),
    ] {
        assert_eq!(reason(&fixture.expect(vec![wrong]).await.unwrap_err()), "MALFORMED");
    }
    let twice = vec![payout("P", 1, "", &day), payout("P", 1, "", &day)];
    assert_eq!(reason(&fixture.expect(twice).await.unwrap_err()), "MALFORMED");
    let request = api::treasury::GetCaseRequest { book: BOOK.to_owned(), case_id: "0".repeat(32) };
    assert_eq!(reason(&fixture.client().get_case(fixture.by(request)).await.unwrap_err()), "CASE_UNKNOWN");
}

#[tokio::test]
async fn closed_days_are_listed_the_last_first_and_page_by_page() {
    for fixture in both().await {
        fixture.with_euros(1_000).await;
        let days = [-4, -3, -2].map(|at| fixture.day(at));
        assert_eq!(fixture.closed_days("bank-eur", ["", ""]).await.unwrap(), []);
        let mut opening = 1_000;
        for (number, day) in (1..).zip(&days) {
            fixture
                .import(statement(number, day, opening, &[entry(["A1", "A2", "A3"][number as usize - 1], 5, "X")]).as_bytes())
                .await
                .unwrap();
            fixture.close("bank-eur", day).await.unwrap();
            opening += 5;
        }
        let listed = fixture.closed_days("bank-eur", ["", ""]).await.unwrap();
        let balances: Vec<_> =
            listed.iter().map(|day| (&day.day, day.opening_minor_units, day.closing_minor_units, day.books_minor_units)).collect();
        assert_eq!(balances, [(&days[2], 1_010, 1_015, 1_015), (&days[1], 1_005, 1_010, 1_010), (&days[0], 1_000, 1_005, 1_005)]);
        let last = &listed[0];
        assert_eq!((last.currency_code.as_str(), last.entry_count, last.timing_items.len()), ("EUR", 1, 0));
        assert!(!last.closed_by.is_empty() && last.closed_time.is_some());
        for (range, wanted) in [([&days[1], &days[1]], &listed[1..2]), ([&days[1], &days[2]], &listed[..2]), ([&days[2], &days[0]], &[])] {
            assert_eq!(fixture.closed_days("bank-eur", range.map(String::as_str)).await.unwrap(), wanted, "{range:?}");
        }
        for (account, range, wanted) in [
            ("bank-gbp", ["", ""], "PHYSICAL_ACCOUNT_UNKNOWN"),
            ("", ["", ""], "MALFORMED"),
            ("bank-eur", ["yesterday", ""], "MALFORMED"),
            ("bank-eur", ["20261127", ""], "MALFORMED"),
        ] {
            assert_eq!(reason(&fixture.closed_days(account, range).await.unwrap_err()), wanted);
        }
    }
}
