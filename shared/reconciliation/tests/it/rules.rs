//! Each rule alone, on small days.
use crate::{
    generator::{ACCOUNT, PlannedEntry, TODAY, balance, end_to_end, entry_xml},
    world::{classes, eur, payout, receipt, run, settled, terms},
};
use iso20022::camt053::Direction;
use jiff::civil::date;
use matching::{ExpectedBatch, ItemStanding};
use reconciliation::{
    BooksState, Case, ExceptionClass, Explained, ExplainedLine, Item, ItemKind, ProposedPosting, ReconciliationRule, RunTerms,
};

/// A debit without a reference.
fn debit(minor: i64, text: &str) -> PlannedEntry {
    PlannedEntry { minor, direction: Direction::Debit, id: "NOTPROVIDED".to_owned(), returned: false, charge: 0, text: text.to_owned() }
}

fn credit(minor: i64, text: &str) -> PlannedEntry {
    PlannedEntry { direction: Direction::Credit, ..debit(minor, text) }
}

/// A statement of entries as they are written.
pub fn statement(entries: &[String], moved: i64) -> String {
    format!(
        "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.08\"><BkToCstmrStmt><GrpHdr><MsgId>M</MsgId><CreDtTm>{TODAY}T21:30:00Z</CreDtTm></GrpHdr><Stmt><Id>S</Id><ElctrncSeqNb>228</ElctrncSeqNb><Acct><Id><IBAN>{ACCOUNT}</IBAN></Id><Ccy>EUR</Ccy></Acct>{}{}{}</Stmt></BkToCstmrStmt></Document>",
        balance("OPBD", 1_000_000),
        balance("CLBD", 1_000_000 + moved),
        entries.concat()
    )
}

fn day(entries: &[PlannedEntry]) -> String {
    let moved = entries.iter().map(|entry| if entry.direction == Direction::Credit { entry.minor } else { -entry.minor }).sum();
    statement(&entries.iter().zip(1..).map(|(entry, at)| entry_xml(at, entry)).collect::<Vec<_>>(), moved)
}

fn with(terms: &RunTerms<'_>, entries: &[PlannedEntry], items: &[Item]) -> (Vec<ExplainedLine>, Vec<Case>) {
    let (result, explained) = run(&[day(entries).as_bytes()], terms, items);
    assert!(result.judged.cases.is_empty(), "{:?}", result.judged.cases);
    (explained, result.reconciled.cases)
}

fn found(entries: &[PlannedEntry], items: &[Item]) -> (Vec<ExplainedLine>, Vec<Case>) {
    with(&terms(), entries, items)
}

fn only(cases: &[Case]) -> (ExceptionClass, Vec<&str>) {
    let [case] = cases else { panic!("one case: {cases:?}") };
    (case.class, case.items.iter().map(String::as_str).collect())
}

fn posted(postings: &[ProposedPosting]) -> Vec<(&str, &str, i64)> {
    postings.iter().map(|posting| (posting.debit, posting.credit, posting.amount.minor_units())).collect()
}

fn with_id(mut item: Item, number: u64) -> Item {
    item.expected.end_to_end_id = Some(end_to_end(1, number, 0));
    item
}

fn paid(minor: i64, number: u64) -> PlannedEntry {
    PlannedEntry { id: end_to_end(1, number, 0), ..debit(minor, "Ada") }
}

#[test]
fn an_amount_alone_never_matches() {
    // Nor with a day, nor as a sum of free items.
    let (explained, cases) = found(&[debit(500, "Ada"), debit(700, "Bo")], &[payout("P1", 500), payout("P2", 300), payout("P3", 400)]);
    assert!(explained.is_empty());
    let unknown: Vec<_> = cases.iter().filter(|case| case.class == ExceptionClass::UnknownDebit).collect();
    assert!(unknown.len() == 2 && unknown.iter().all(|case| case.proposal.is_none()), "{cases:?}");
}

#[test]
fn a_cut_id_matches_if_it_is_the_only_one_and_nothing_disagrees() {
    let text = |amount: &str| {
        format!(
            ":20:REF\r\n:25:{ACCOUNT}\r\n:28C:228/1\r\n:60F:C261123EUR100,00\r\n:61:2611241124D{amount}NTRF{}//BK1\r\n:62F:C261124EUR95,00\r\n-\r\n",
            &end_to_end(1, 7, 0)[..16]
        )
    };
    let (_, explained) = run(&[text("5,00").as_bytes()], &terms(), &[with_id(payout("P1", 500), 7), with_id(payout("P2", 500), 8)]);
    assert_eq!(settled(&explained), [(1, vec!["P1"])]);
    assert_eq!(explained[0].rule, Some(ReconciliationRule::EndToEndId));
    // Another amount disagrees.
    let (result, explained) = run(&[text("5,00").as_bytes()], &terms(), &[with_id(payout("P1", 501), 7)]);
    assert!(explained.is_empty() && result.reconciled.cases.iter().any(|case| case.class == ExceptionClass::UnknownDebit));
}

#[test]
fn a_payment_id_of_the_bank_matches_by_the_third_rule() {
    let mut item = payout("P1", 500);
    item.expected.payment_ids = vec!["IMAD20261124".to_owned()];
    let (explained, cases) = found(&[debit(500, "wire IMAD20261124")], &[item]);
    assert_eq!((settled(&explained), explained[0].rule, cases.len()), (vec![(1, vec!["P1"])], Some(ReconciliationRule::PaymentId), 0));
    assert_eq!(explained[0].evidence[0].text, "IMAD20261124");
}

fn batched(key: &str, minor: i64, total: i64, company: Option<&str>) -> Item {
    let mut item = payout(key, minor);
    item.kind = ItemKind::Ach;
    item.expected.batch = Some(ExpectedBatch {
        id: "BATCH77".to_owned(),
        company_id: company.map(str::to_owned),
        effective_date: company.map(|_| TODAY),
        total: eur(total),
    });
    item
}

#[test]
fn an_ach_batch_matches_by_company_day_and_sum() {
    let items = [batched("P1", 300, 700, Some("1234567890")), batched("P2", 400, 700, Some("1234567890"))];
    let (explained, cases) = found(&[debit(700, "ACH 1234567890")], &items);
    assert_eq!((settled(&explained), explained[0].rule, cases.len()), (vec![(1, vec!["P1", "P2"])], Some(ReconciliationRule::AchBatch), 0));
    // The bank booked it on another day: nothing of it is known.
    let other = items.map(|mut item| {
        item.expected.batch.as_mut().unwrap().effective_date = Some(date(2026, 11, 20));
        item
    });
    assert!(found(&[debit(700, "ACH 1234567890")], &other).0.is_empty());
}

#[test]
fn a_declared_batch_matches_one_to_many_and_many_to_one() {
    let items = [batched("P1", 300, 700, None), batched("P2", 400, 700, None)];
    let (explained, _) = found(&[debit(700, "payouts BATCH77")], &items);
    assert_eq!((settled(&explained), explained[0].rule), (vec![(1, vec!["P1", "P2"])], Some(ReconciliationRule::DeclaredBatch)));
    let (explained, cases) = found(&[debit(300, "BATCH77 a"), debit(400, "BATCH77 b")], &[batched("P1", 700, 700, None)]);
    assert_eq!((settled(&explained), cases.len()), (vec![(1, vec!["P1"]), (2, vec!["P1"])], 0));
    let (_, cases) =
        found(&[debit(300, "BATCH77 a"), debit(400, "BATCH77 b")], &[batched("P1", 350, 700, None), batched("P2", 350, 700, None)]);
    assert_eq!(only(&cases), (ExceptionClass::SplitMismatch, vec!["P1", "P2"]));
    let (_, cases) = found(&[debit(699, "BATCH77")], &items);
    assert_eq!((only(&cases).0, cases[0].difference), (ExceptionClass::UnderAmount, 699));
    let (_, cases) = found(&[debit(700, "BATCH77"), debit(701, "BATCH77")], &items);
    assert_eq!(only(&cases).0, ExceptionClass::OverAmount);
    let booked = items.map(|mut item| {
        item.expected.standing = ItemStanding::Settled;
        item
    });
    assert_eq!(only(&found(&[debit(700, "BATCH77")], &booked).1).0, ExceptionClass::DuplicateDebit);
}

#[test]
fn a_processors_receipt_matches_by_its_id_or_by_descriptor_and_days() {
    let processor = |key: &str, day| Item {
        kind: ItemKind::Processor,
        descriptor: Some("Stripe Payments".to_owned()),
        value_date: Some(day),
        ..receipt(key, 5_000)
    };
    let near = date(2026, 11, 19);
    let (explained, cases) = found(&[credit(5_000, "STRIPE PAYMENTS europe")], &[processor("R1", near)]);
    assert_eq!((settled(&explained), explained[0].rule), (vec![(1, vec!["R1"])], Some(ReconciliationRule::Settlement)));
    assert_eq!(only(&cases).0, ExceptionClass::LateValue);
    // Four banking days are too far, another payer is another payer, and two candidates on either side are none.
    for (entries, items) in [
        (vec![credit(5_000, "STRIPE PAYMENTS")], vec![processor("R1", date(2026, 11, 18))]),
        (vec![credit(5_000, "STRIPES PAYMENTS")], vec![processor("R1", TODAY)]),
        (vec![credit(5_000, "STRIPE PAYMENTS")], vec![processor("R1", TODAY), processor("R2", TODAY)]),
        (vec![credit(5_000, "STRIPE PAYMENTS"), credit(5_000, "STRIPE PAYMENTS")], vec![processor("R1", TODAY)]),
        (vec![debit(5_000, "STRIPE PAYMENTS")], vec![processor("R1", TODAY)]),
    ] {
        assert!(settled(&found(&entries, &items).0).is_empty(), "{entries:?}");
    }
}

#[test]
fn amount_party_and_day_are_proposed_and_never_booked() {
    let named = |key: &str, day| Item { counterparty: Some("Ada Beispiel".to_owned()), value_date: Some(day), ..payout(key, 500) };
    let (explained, cases) = found(&[debit(500, "ADA  BEISPIEL")], &[named("P1", date(2026, 11, 20))]);
    assert!(explained.is_empty());
    assert_eq!(only(&cases), (ExceptionClass::UnknownDebit, vec!["P1"]));
    assert_eq!(
        (cases[0].rule, cases[0].proposal.as_ref().map(|proposal| proposal.item.as_str())),
        (Some(ReconciliationRule::Proposal), Some("P1"))
    );
    // With another reference than ours, the reference is what is wrong.
    let other = PlannedEntry { id: "OTHER-1".to_owned(), ..debit(500, "Ada Beispiel") };
    assert_eq!(only(&found(&[other], &[named("P1", TODAY)]).1).0, ExceptionClass::ReferenceMismatch);
    for (entries, items) in [
        (vec![debit(500, "Ada Beispiel")], vec![named("P1", date(2026, 11, 19))]),
        (vec![debit(500, "Ada Beispiel")], vec![named("P1", TODAY), named("P2", TODAY)]),
        (vec![debit(500, "Ada Beispiel"), debit(500, "Ada Beispiel")], vec![named("P1", TODAY)]),
        (vec![debit(500, "Ada")], vec![named("P1", TODAY)]),
    ] {
        assert!(found(&entries, &items).1.iter().all(|case| case.proposal.is_none()), "{entries:?}");
    }
}

#[test]
fn a_tolerance_is_of_one_rule_and_account_and_posts_what_differs() {
    let items = [with_id(payout("P1", 500), 1)];
    let mut terms = terms();
    terms.tolerances.set(ACCOUNT, ReconciliationRule::EndToEndId, 2);
    let (explained, _) = with(&terms, &[paid(502, 1)], &items);
    assert!(matches!(explained[0].explained, Explained::Settles { difference: 2, .. }));
    assert_eq!(posted(&explained[0].postings), [("in transit", "cash", 500), ("in transit", "claim", 500), ("rounding", "cash", 2)]);
    assert_eq!(only(&with(&terms, &[paid(503, 1)], &items).1).0, ExceptionClass::OverAmount);
    // The exact one settles it, whichever comes first.
    let (explained, cases) = with(&terms, &[paid(502, 1), paid(500, 1)], &items);
    assert_eq!((settled(&explained), only(&cases).0), (vec![(2, vec!["P1"])], ExceptionClass::DuplicateDebit));
    let mut other = crate::world::terms();
    other.tolerances.set(ACCOUNT, ReconciliationRule::PaymentId, 2);
    assert_eq!(only(&with(&other, &[paid(502, 1)], &items).1).0, ExceptionClass::OverAmount);
}

#[test]
fn the_first_class_by_precedence_is_said() {
    let back = |minor| PlannedEntry { direction: Direction::Credit, returned: true, ..paid(minor, 1) };
    let items = [with_id(payout("P1", 500), 1)];
    // Twice and with another amount: it is the second debit.
    let (_, cases) = found(&[paid(499, 1), paid(500, 1)], &items);
    assert_eq!(only(&cases).0, ExceptionClass::DuplicateDebit);
    // More came back than was paid.
    let classes: Vec<_> = found(&[paid(500, 1), back(500), back(1)], &items).1.iter().map(|case| case.class).collect();
    assert_eq!(classes, [ExceptionClass::SettledThenReturned, ExceptionClass::ReturnDiffers]);
    // A credit with the payment's id that no bank calls a return is nobody's settlement.
    let plain = PlannedEntry { returned: false, ..back(500) };
    assert_eq!(found(&[paid(500, 1), plain], &items).1[0].class, ExceptionClass::UnknownCredit);
    // A return alone proves the payment, which is then not missing.
    assert_eq!(only(&found(&[back(500)], &items).1).0, ExceptionClass::SettledThenReturned);
}

#[test]
fn money_that_comes_back_undoes_a_duplicate_first() {
    let back = |minor| PlannedEntry { direction: Direction::Credit, returned: true, ..paid(minor, 1) };
    let items = [with_id(payout("P1", 500), 1)];
    let (explained, cases) = found(&[paid(500, 1), paid(500, 1), back(500)], &items);
    assert!(matches!(&explained[1].explained, Explained::UndoesDuplicate { item, of: Some(place) } if item == "P1" && place.entry == 2));
    assert_eq!((only(&cases).0, cases[0].is_open()), (ExceptionClass::DuplicateDebit, false));
    let mut before = items[0].clone();
    (before.expected.standing, before.expected.duplicates) = (ItemStanding::Settled, 1);
    let (explained, cases) = found(&[back(500), back(500)], &[before]);
    assert_eq!(posted(&explained[0].postings), [("cash", "suspense", 500)]);
    assert_eq!(only(&cases).0, ExceptionClass::SettledThenReturned);
}

#[test]
fn a_reversal_is_what_it_undoes_the_other_way() {
    // The bank takes its own debit back: RvslInd, and the money comes in.
    let reversed =
        entry_xml(2, &PlannedEntry { direction: Direction::Credit, ..paid(500, 1) }).replacen("<Sts>", "<RvslInd>true</RvslInd><Sts>", 1);
    let text = statement(&[entry_xml(1, &paid(500, 1)), reversed], 0);
    let (result, explained) = run(&[text.as_bytes()], &terms(), &[with_id(payout("P1", 500), 1)]);
    assert_eq!(settled(&explained), [(1, vec!["P1"])]);
    let [case] = result.reconciled.cases.as_slice() else { panic!("{:?}", result.reconciled.cases) };
    assert_eq!((case.class, case.detail.as_str()), (ExceptionClass::SettledThenReturned, "the bank undid its booking"));
}

#[test]
fn reversals_of_mt940_mean_the_other_side() {
    // RD takes a debit back, so money comes in; RC takes a credit back, so money leaves.
    let entry = |side: &str, at: u8, number: u64| {
        format!(":61:2611241124{side}5,00NTRFNONREF//BK{at}\r\n:86:/EREF/{}\r\n", end_to_end(1, number, 0))
    };
    let text = format!(
        ":20:REF\r\n:25:{ACCOUNT}\r\n:28C:228/1\r\n:60F:C261123EUR100,00\r\n{}{}{}{}:62F:C261124EUR100,00\r\n-\r\n",
        entry("D", 1, 1),
        entry("RD", 2, 1),
        entry("C", 3, 2),
        entry("RC", 4, 2)
    );
    let (result, explained) = run(&[text.as_bytes()], &terms(), &[with_id(payout("P1", 500), 1), with_id(receipt("R1", 500), 2)]);
    assert_eq!(settled(&explained), [(1, vec!["P1"]), (3, vec!["R1"])]);
    let undone = |at, item| (Some(at), ExceptionClass::SettledThenReturned, vec![item]);
    assert_eq!(classes(&result.reconciled.cases), [undone(2, "P1"), undone(4, "R1")]);
    assert_eq!(posted(&result.reconciled.cases[1].postings), [("leaf", "cash", 500), ("receivable", "claim", 500)]);
    // A reversal is never the payment itself, whichever way its money goes.
    let alone = text
        .replace(&[entry("RD", 2, 1), entry("C", 3, 2), entry("RC", 4, 2)].concat(), "")
        .replace(":61:2611241124D5", ":61:2611241124RC5");
    let (result, explained) = run(&[alone.replace("C261124EUR100", "C261124EUR95").as_bytes()], &terms(), &[with_id(payout("P1", 500), 1)]);
    assert!(explained.is_empty());
    assert_eq!(classes(&result.reconciled.cases)[1], (Some(1), ExceptionClass::UnknownDebit, vec!["P1"]));
}

#[test]
fn pending_entries_and_reports_of_the_day_are_only_information() {
    let pending = entry_xml(1, &paid(500, 1)).replace("BOOK", "PDNG");
    let (result, explained) = run(&[statement(&[pending], 0).as_bytes()], &terms(), &[with_id(payout("P1", 500), 1)]);
    assert!(matches!(&explained[0].explained, Explained::Information { item: Some(item) } if item == "P1"));
    assert!(explained[0].postings.is_empty() && classes(&result.reconciled.cases) == [(None, ExceptionClass::SentNotDebited, vec!["P1"])]);
    // An intraday report tells of the entry, and the statement books it once.
    let booked = day(&[paid(500, 1)]);
    let report = booked.replace("camt.053", "camt.052").replace("BkToCstmrStmt", "BkToCstmrAcctRpt").replace("Stmt>", "Rpt>");
    let (result, explained) = run(&[report.as_bytes(), booked.as_bytes()], &terms(), &[with_id(payout("P1", 500), 1)]);
    assert!(result.judged.cases.is_empty() && result.reconciled.cases.is_empty());
    assert_eq!(settled(&explained), [(1, vec!["P1"])]);
    assert!(matches!(explained[0].explained, Explained::SameEntryAgain { .. }) && explained.len() == 2);
}

#[test]
fn a_charge_matches_only_what_was_agreed() {
    let charge = |minor| {
        let entry = entry_xml(1, &debit(minor, "monthly fee"));
        statement(&[entry.replace("<Fmly><Cd>ICDT</Cd><SubFmlyCd>ESCT", "<Fmly><Cd>MDOP</Cd><SubFmlyCd>FEES")], -minor)
    };
    let agreed = Item { kind: ItemKind::Charge, amount_most: Some(eur(500)), ..payout("fee", 0) };
    let (_, explained) = run(&[charge(350).as_bytes()], &terms(), std::slice::from_ref(&agreed));
    assert_eq!(posted(&explained[0].postings), [("fees and interest", "cash", 350), ("bank charges", "claim", 350)]);
    let (result, explained) = run(&[charge(501).as_bytes()], &terms(), std::slice::from_ref(&agreed));
    assert!(explained.is_empty() && only(&result.reconciled.cases).0 == ExceptionClass::UnknownDebit);
    // A charge with a payment's reference is not the payment.
    let of_payment = charge(500).replace("NOTPROVIDED", &end_to_end(1, 1, 0));
    let (result, explained) = run(&[of_payment.as_bytes()], &terms(), &[with_id(payout("P1", 500), 1)]);
    assert!(explained.is_empty() && result.reconciled.cases.iter().any(|case| case.class == ExceptionClass::UnknownDebit));
}

#[test]
fn interest_of_the_bank_matches_only_what_was_agreed() {
    let interest = |minor| {
        let entry = entry_xml(1, &credit(minor, "interest of October"));
        statement(&[entry.replace("<Fmly><Cd>RCDT</Cd><SubFmlyCd>ESCT", "<Fmly><Cd>MCOP</Cd><SubFmlyCd>INTR")], minor)
    };
    let agreed = Item { kind: ItemKind::Charge, value_date: None, amount_most: Some(eur(500)), ..receipt("interest", 0) };
    let (_, explained) = run(&[interest(350).as_bytes()], &terms(), std::slice::from_ref(&agreed));
    assert_eq!(settled(&explained), [(1, vec!["interest"])]);
    assert_eq!(posted(&explained[0].postings), [("cash", "fees and interest", 350)]);
    let (result, explained) = run(&[interest(501).as_bytes()], &terms(), std::slice::from_ref(&agreed));
    assert!(explained.is_empty());
    let case = &result.reconciled.cases[0];
    assert_eq!(
        (case.class, case.detail.as_str()),
        (ExceptionClass::UnknownCredit, "interest, or a charge given back, that was not agreed")
    );
}

#[test]
fn items_wait_for_their_time_before_they_are_cases() {
    let none: [PlannedEntry; 0] = [];
    let missing = |item: Item| {
        let (result, _) = run(&[day(&none).as_bytes()], &terms(), &[item]);
        let outstanding = result.reconciled.outstanding.first().map(|item| (item.age_banking_days, item.difference));
        (result.reconciled.cases.first().map(|case| (case.class, case.age_banking_days, case.difference)), outstanding)
    };
    let sent = |kind, day| Item { kind, since: Some(day), ..payout("P1", 500) };
    let friday = date(2026, 11, 20);
    assert_eq!(missing(sent(ItemKind::CreditTransfer, TODAY)), (None, Some((0, 0))));
    assert_eq!(missing(sent(ItemKind::CreditTransfer, friday)).0, Some((ExceptionClass::SentNotDebited, 2, 0)));
    assert_eq!(missing(sent(ItemKind::Instant, friday)).0, Some((ExceptionClass::LostInBank, 2, 0)));
    let settled = Item { state: BooksState::Settled, ..sent(ItemKind::CreditTransfer, TODAY) };
    assert_eq!(missing(settled), (None, Some((0, -500))));
    let expected = |kind, day| Item { kind, value_date: Some(day), ..receipt("R1", 500) };
    assert_eq!(missing(expected(ItemKind::Processor, date(2026, 11, 23))).0, None);
    assert_eq!(missing(expected(ItemKind::Processor, friday)).0, Some((ExceptionClass::ReceiptExpected, 2, 0)));
    assert_eq!(missing(expected(ItemKind::Store, date(2026, 11, 1))).0, None);
    assert_eq!(missing(expected(ItemKind::Receipt, date(2026, 11, 30))).0, None);
}

#[test]
fn a_receipt_in_its_range_is_what_was_expected() {
    let item = Item { amount_most: Some(eur(600)), ..with_id(receipt("R1", 500), 1) };
    let came = |minor| PlannedEntry { direction: Direction::Credit, ..paid(minor, 1) };
    for minor in [500, 600] {
        assert_eq!(settled(&found(&[came(minor)], std::slice::from_ref(&item)).0), [(1, vec!["R1"])]);
    }
    assert_eq!(only(&found(&[came(499)], std::slice::from_ref(&item)).1).0, ExceptionClass::UnderAmount);
    assert_eq!(only(&found(&[came(601)], std::slice::from_ref(&item)).1).0, ExceptionClass::OverAmount);
}
