//! Unit tests of `matcher`.
use super::*;
use crate::{
    expected::{ExpectedBatch, ItemStanding},
    line::{LineBatch, LineReturn},
    outcome::DifferingField,
    references::{FoundReference, ReferenceStrength},
};
use iso20022::camt053::Direction;
use money::{Currency, Money};

mod properties;
mod reference;
mod scale;

const ACCOUNT: &str = "DE89370400440532013000";

fn id(number: usize) -> String {
    format!("0192f0c0a1b27c3d8e4f{number:012x}")
}

fn eur(minor: i64) -> Money {
    Money::try_new(Currency::try_new("EUR").unwrap(), minor).unwrap()
}

fn usd(minor: i64) -> Money {
    Money::try_new(Currency::try_new("USD").unwrap(), minor).unwrap()
}

fn day(day: i8) -> Date {
    Date::new(2026, 11, day).unwrap()
}

/// An open debit of an amount, with an id.
fn item(number: usize, minor: i64) -> ExpectedItem {
    let mut item = ExpectedItem::new(&format!("P{number}"), ACCOUNT, Direction::Debit, eur(minor));
    item.end_to_end_id = Some(id(number));
    item
}

/// A booked debit without any reference.
fn line(entry: usize, minor: i64) -> BankLine {
    BankLine {
        place: LinePlace { file: 1, statement: 1, entry, detail: 0 },
        account: Some(ACCOUNT.to_owned()),
        standing: LineStanding::Booked,
        direction: Direction::Debit,
        is_reversal: false,
        is_charge: false,
        amount: eur(minor),
        charges: Vec::new(),
        booked: Some(day(24)),
        value_date: Some(day(24)),
        bank_reference: None,
        reference_part: 0,
        end_to_end: Vec::new(),
        payment_ids: Vec::new(),
        returned: None,
        batch: None,
        texts: Vec::new(),
        counterparty: None,
    }
}

fn with_id(mut line: BankLine, text: &str, strength: ReferenceStrength) -> BankLine {
    line.end_to_end.push(FoundReference { text: text.to_owned(), field: "EndToEndId", strength });
    line
}

/// A booked debit with an item's id and a reference of the bank.
fn paid(entry: usize, number: usize, minor: i64) -> BankLine {
    BankLine { bank_reference: Some(format!("BK{entry}")), ..with_id(line(entry, minor), &id(number), ReferenceStrength::Stated) }
}

fn returned(entry: usize, number: usize, minor: i64) -> BankLine {
    let note = LineReturn { code: Some("AC04".to_owned()), ..LineReturn::default() };
    BankLine { direction: Direction::Credit, returned: Some(note), ..paid(entry, number, minor) }
}

fn outcomes(lines: &[BankLine], items: &[ExpectedItem]) -> Vec<MatchOutcome> {
    match_lines(lines, items, &[]).into_iter().map(|found| found.outcome).collect()
}

fn one(line: BankLine, items: &[ExpectedItem]) -> Match {
    match_lines(&[line], items, &[]).remove(0)
}

fn settles(key: &str) -> MatchOutcome {
    MatchOutcome::Settles { item: key.to_owned() }
}

fn unmatched(kind: UnmatchedKind, item: Option<&str>) -> MatchOutcome {
    MatchOutcome::Unmatched { kind, item: item.map(str::to_owned) }
}

fn came_back(key: &str, minor: i64, undoes_duplicate: bool) -> MatchOutcome {
    let (item, code) = (key.to_owned(), Some("AC04".to_owned()));
    MatchOutcome::ReturnOf { item, amount: eur(minor), charge: None, code, is_reversal: false, undoes_duplicate }
}

#[test]
fn a_full_id_settles_and_says_which_field_said_so() {
    let found = one(paid(1, 1, 500), &[item(1, 500), item(2, 500)]);
    assert_eq!((found.outcome, found.rule), (settles("P1"), Some(MatchRule::EndToEndId)));
    assert_eq!(found.evidence, [MatchEvidence { field: "EndToEndId", text: id(1) }]);
}

#[test]
fn an_amount_alone_never_matches() {
    assert_eq!(outcomes(&[line(1, 500)], &[item(1, 500)]), [unmatched(UnmatchedKind::UnknownDebit, None)]);
    // Nor do several items of which the amounts would add up.
    let credit = BankLine { direction: Direction::Credit, ..line(1, 500) };
    assert_eq!(outcomes(&[credit], &[item(1, 200), item(2, 300)]), [unmatched(UnmatchedKind::UnknownCredit, None)]);
}

#[test]
fn what_disagrees_is_named_in_order_and_settles_nothing() {
    let differs = |field, expected: &str, found: &str| MatchOutcome::Differs {
        item: "P1".to_owned(),
        field,
        expected: expected.to_owned(),
        found: found.to_owned(),
    };
    let items = [item(1, 750)];
    assert_eq!(outcomes(&[paid(1, 1, 700)], &items), [differs(DifferingField::Amount, "7.50 EUR", "7.00 EUR")]);
    let other = BankLine { amount: usd(700), ..paid(1, 1, 700) };
    assert_eq!(outcomes(&[other], &items), [differs(DifferingField::Currency, "7.50 EUR", "7.00 USD")]);
    let credit = BankLine { direction: Direction::Credit, ..paid(1, 1, 700) };
    assert_eq!(outcomes(&[credit], &items), [differs(DifferingField::Direction, "debit", "credit")]);
    let elsewhere = BankLine { account: Some("X1".to_owned()), amount: usd(1), ..paid(1, 1, 700) };
    assert_eq!(outcomes(&[elsewhere], &items), [differs(DifferingField::Account, ACCOUNT, "X1")]);
    // The right booking still settles it, whichever comes first.
    assert_eq!(outcomes(&[paid(1, 1, 700), paid(2, 1, 750)], &items)[1], settles("P1"));
}

#[test]
fn a_second_booking_of_a_payment_is_a_duplicate() {
    let items = [item(1, 500)];
    let duplicate = unmatched(UnmatchedKind::DuplicateDebit, Some("P1"));
    assert_eq!(
        outcomes(&[paid(1, 1, 500), paid(2, 1, 500), paid(3, 1, 500)], &items),
        [settles("P1"), duplicate.clone(), duplicate.clone()]
    );
    // Also if the first was recorded before.
    let settled = ExpectedItem { standing: ItemStanding::Settled, ..item(1, 500) };
    assert_eq!(outcomes(&[paid(9, 1, 500)], std::slice::from_ref(&settled)), [duplicate]);
    let told = BankLine { standing: LineStanding::Information, ..paid(9, 1, 500) };
    let of = EarlierEntry::SettlementOf("P1".to_owned());
    assert_eq!(outcomes(&[told], &[settled]), [MatchOutcome::SameEntryAgain { of }]);
}

#[test]
fn a_rejected_payment_that_is_debited_is_a_contradiction() {
    let rejected = ExpectedItem { standing: ItemStanding::Rejected, ..item(1, 500) };
    assert_eq!(outcomes(&[paid(1, 1, 500)], &[rejected]), [unmatched(UnmatchedKind::RejectedButDebited, Some("P1"))]);
}

#[test]
fn a_return_with_the_original_id_is_no_second_settlement() {
    let items = [item(1, 500)];
    assert_eq!(outcomes(&[paid(1, 1, 500), returned(2, 1, 500)], &items), [settles("P1"), came_back("P1", 500, false)]);
    // The return may stand before the payment, or alone.
    assert_eq!(outcomes(&[returned(1, 1, 500), paid(2, 1, 500)], &items), [came_back("P1", 500, false), settles("P1")]);
    assert_eq!(outcomes(&[returned(1, 1, 500)], &items), [came_back("P1", 500, false)]);
}

#[test]
fn returns_may_be_partial_and_never_exceed_the_payment() {
    let above = unmatched(UnmatchedKind::ReturnAbovePayment, Some("P1"));
    let lines = [paid(1, 1, 500), returned(2, 1, 200), returned(3, 1, 300), returned(4, 1, 1)];
    assert_eq!(outcomes(&lines, &[item(1, 500)]), [settles("P1"), came_back("P1", 200, false), came_back("P1", 300, false), above.clone()]);
    let before = ExpectedItem { standing: ItemStanding::Settled, returned_minor_units: 400, ..item(1, 500) };
    assert_eq!(outcomes(&[returned(2, 1, 101)], std::slice::from_ref(&before)), [above]);
    assert_eq!(outcomes(&[returned(2, 1, 100)], &[before]), [came_back("P1", 100, false)]);
    let overflowing = ExpectedItem { returned_minor_units: i64::MAX, ..item(1, 500) };
    assert!(outcomes(&[returned(2, 1, 100)], &[overflowing])[0].is_open());
}

#[test]
fn a_return_states_what_was_kept() {
    let kept = |line: BankLine| match one(line, &[item(1, 500)]).outcome {
        MatchOutcome::ReturnOf { charge, .. } => charge,
        other => panic!("{other:?}"),
    };
    let mut line = returned(1, 1, 480);
    assert_eq!(kept(line.clone()), None);
    line.returned.as_mut().unwrap().original_amount = Some(eur(500));
    assert_eq!(kept(line.clone()), Some(eur(20)));
    line.charges = vec![crate::LineCharge { amount: eur(15), is_included: Some(true) }];
    assert_eq!(kept(line), Some(eur(15)));
}

#[test]
fn money_that_comes_back_undoes_a_duplicate_first() {
    let reversal = BankLine { is_reversal: true, returned: None, ..returned(3, 1, 500) };
    let undone = |undoes_duplicate| MatchOutcome::ReturnOf {
        item: "P1".to_owned(),
        amount: eur(500),
        charge: None,
        code: None,
        is_reversal: true,
        undoes_duplicate,
    };
    let found = outcomes(&[paid(1, 1, 500), paid(2, 1, 500), reversal.clone()], &[item(1, 500)]);
    assert_eq!(found[2], undone(true));
    // The duplicate may have been recorded before.
    let recorded = ExpectedItem { standing: ItemStanding::Settled, duplicates: 1, ..item(1, 500) };
    let again = BankLine { place: LinePlace { entry: 4, ..reversal.place }, bank_reference: Some("BK4".to_owned()), ..reversal.clone() };
    assert_eq!(outcomes(&[reversal, again], &[recorded]), [undone(true), undone(false)]);
}

#[test]
fn a_reversal_inverts_what_a_line_means() {
    let taken_back = BankLine { is_reversal: true, ..paid(1, 1, 500) };
    assert_eq!(outcomes(&[taken_back], &[item(1, 500)]), [unmatched(UnmatchedKind::ReturnTakenBack, Some("P1"))]);
    let receipt = ExpectedItem { direction: Direction::Credit, ..item(1, 500) };
    let reversed = BankLine { is_reversal: true, ..paid(2, 1, 500) };
    let came = BankLine { direction: Direction::Credit, ..paid(1, 1, 500) };
    let found = outcomes(&[came, reversed], &[receipt]);
    assert!(matches!(&found[1], MatchOutcome::ReturnOf { is_reversal: true, .. }), "{found:?}");
}

#[test]
fn the_banks_reference_links_an_entry_that_was_told_before() {
    let items = [item(1, 500)];
    let mut news = paid(1, 1, 500);
    (news.place.file, news.standing) = (2, LineStanding::Information);
    let found = match_lines(&[news.clone(), paid(1, 1, 500)], &items, &[]);
    assert_eq!((&found[0].outcome, found[0].standing), (&settles("P1"), LineStanding::Booked));
    let of = EarlierEntry::Line(found[0].place);
    assert_eq!((&found[1].outcome, found[1].rule), (&MatchOutcome::SameEntryAgain { of }, Some(MatchRule::BankReference)));
    // The same entry from an earlier run: only if it was booked then.
    let mut seen = SeenEntry { id: "E1".to_owned(), identity: news.identity().unwrap(), standing: LineStanding::Information };
    assert_eq!(match_lines(&[paid(1, 1, 500)], &items, &[seen.clone()])[0].outcome, settles("P1"));
    seen.standing = LineStanding::Booked;
    let of = EarlierEntry::Recorded("E1".to_owned());
    assert_eq!(match_lines(&[paid(1, 1, 500)], &items, &[seen])[0].outcome, MatchOutcome::SameEntryAgain { of });
}

#[test]
fn a_reference_that_a_bank_gives_twice_hides_no_booking() {
    let items = [item(1, 500), item(2, 500)];
    let mut other = paid(2, 2, 500);
    other.bank_reference = Some("BK1".to_owned());
    assert_eq!(outcomes(&[paid(1, 1, 500), other.clone()], &items), [settles("P1"), settles("P2")]);
    // Both count into the statement's balance, so they are two bookings; but nothing is booked twice.
    other.end_to_end[0].text = id(1);
    let repeated = unmatched(UnmatchedKind::RepeatedInStatement, None);
    assert_eq!(outcomes(&[paid(1, 1, 500), other], &items), [settles("P1"), repeated]);
}

#[test]
fn information_without_a_reference_never_takes_an_item_from_its_booking() {
    let news = BankLine { standing: LineStanding::Information, bank_reference: None, booked: Some(day(23)), ..paid(1, 1, 500) };
    let booked = paid(2, 1, 500);
    let of = EarlierEntry::Line(booked.place);
    let found = outcomes(&[news.clone(), booked], &[item(1, 500)]);
    assert_eq!(found, [MatchOutcome::SameEntryAgain { of }, settles("P1")]);
    let alone = one(news, &[item(1, 500)]);
    assert_eq!((alone.outcome, alone.standing), (settles("P1"), LineStanding::Information));
}

#[test]
fn a_cut_id_matches_only_as_the_one_beginning_that_fits_in_everything() {
    let cut = |minor| with_id(line(1, minor), &id(0x1_2345_6789)[..16], ReferenceStrength::Cut);
    let mut long = item(1, 500);
    long.end_to_end_id = Some("0192f0c0a1b27c3d8e4f00000000abcd".to_owned());
    let found = one(cut(500), std::slice::from_ref(&long));
    assert_eq!((found.outcome, found.rule), (settles("P1"), Some(MatchRule::EndToEndId)));
    let unknown = unmatched(UnmatchedKind::UnknownDebit, None);
    assert_eq!(one(cut(501), std::slice::from_ref(&long)).outcome, unknown);
    assert_eq!(one(BankLine { amount: usd(500), ..cut(500) }, std::slice::from_ref(&long)).outcome, unknown);
    let credit = BankLine { direction: Direction::Credit, ..cut(500) };
    assert_eq!(one(credit, std::slice::from_ref(&long)).outcome, unmatched(UnmatchedKind::UnknownCredit, None));
    let late = ExpectedItem { window: Some((day(1), day(23))), ..long.clone() };
    assert_eq!(one(cut(500), &[late]).outcome, unknown);
    // A second id with this beginning, whatever its amount, leaves no unique one.
    let both = [long, ExpectedItem { amount: eur(7), ..item(2, 7) }];
    let candidates = vec!["P1".to_owned(), "P2".to_owned()];
    assert_eq!(one(cut(500), &both).outcome, MatchOutcome::Ambiguous { candidates });
    let short = with_id(line(1, 500), "0192f0c0", ReferenceStrength::Cut);
    assert_eq!(one(short, &both[..1]).outcome, unknown);
}

#[test]
fn ids_that_two_items_have_are_ambiguous() {
    let twin = ExpectedItem { key: "Q".to_owned(), ..item(1, 500) };
    let candidates = vec!["P1".to_owned(), "Q".to_owned()];
    assert_eq!(one(paid(1, 1, 500), &[twin, item(1, 500)]).outcome, MatchOutcome::Ambiguous { candidates });
}

#[test]
fn a_transfer_between_own_accounts_is_matched_on_each_by_one_id() {
    let other = ExpectedItem { key: "Q".to_owned(), account: "X1".to_owned(), direction: Direction::Credit, ..item(1, 500) };
    let arrived = BankLine { account: Some("X1".to_owned()), direction: Direction::Credit, ..paid(2, 1, 500) };
    assert_eq!(outcomes(&[paid(1, 1, 500), arrived], &[item(1, 500), other]), [settles("P1"), settles("Q")]);
}

#[test]
fn an_entry_is_linked_whatever_a_format_leaves_of_its_id() {
    let mut cut = with_id(line(1, 500), &id(1)[..16], ReferenceStrength::Stated);
    cut.end_to_end.push(FoundReference { strength: ReferenceStrength::Cut, ..cut.end_to_end[0].clone() });
    (cut.place.file, cut.bank_reference) = (2, Some("BK1".to_owned()));
    let found = outcomes(&[paid(1, 1, 500), cut.clone()], &[item(1, 500)]);
    assert_eq!(found, [settles("P1"), MatchOutcome::SameEntryAgain { of: EarlierEntry::Line(paid(1, 1, 500).place) }]);
    // Nor does it matter which of the files comes first.
    (cut.place.file, cut.end_to_end) = (0, Vec::new());
    let found = outcomes(&[paid(1, 1, 500), cut], &[item(1, 500)]);
    assert_eq!(found, [MatchOutcome::SameEntryAgain { of: EarlierEntry::Line(paid(1, 1, 500).place) }, settles("P1")]);
}

#[test]
fn short_references_and_payment_ids_match_in_fields_and_texts() {
    let items = [
        ExpectedItem { short_reference: Some("LGSDE0000000042".to_owned()), end_to_end_id: None, ..item(1, 500) },
        ExpectedItem { payment_ids: vec!["E1234567820261124ABCDEFGHIJK".to_owned()], ..item(2, 600) },
    ];
    let found = one(with_id(line(1, 500), "lgsde0000000042", ReferenceStrength::Stated), &items);
    assert_eq!((found.outcome, found.rule), (settles("P1"), Some(MatchRule::EndToEndId)));
    let text = |minor, text: &str| one(BankLine { texts: vec![text.to_owned()], ..line(1, minor) }, &items);
    assert_eq!(text(500, "payout (LGSDE0000000042)").outcome, settles("P1"));
    let found = text(600, "PIX E1234567820261124ABCDEFGHIJK ok");
    assert_eq!((found.outcome, found.rule), (settles("P2"), Some(MatchRule::PaymentId)));
    let stated = FoundReference { text: "e1234567820261124abcdefghijk".to_owned(), field: "TxId", strength: ReferenceStrength::Stated };
    let found = one(BankLine { payment_ids: vec![stated], ..line(1, 600) }, &items);
    assert_eq!((found.outcome, found.evidence[0].field), (settles("P2"), "TxId"));
}

#[test]
fn the_id_decides_before_the_banks_payment_id() {
    let items = [item(1, 500), ExpectedItem { payment_ids: vec!["TRN-77".to_owned()], ..item(2, 500) }];
    let mut both = paid(1, 1, 500);
    both.payment_ids.push(FoundReference { text: "TRN-77".to_owned(), field: "TxId", strength: ReferenceStrength::Stated });
    assert_eq!(one(both, &items).outcome, settles("P1"));
}

#[test]
fn a_charge_with_the_references_of_a_payment_is_a_charge() {
    let charge = BankLine { is_charge: true, ..paid(2, 1, 500) };
    let found = outcomes(&[paid(1, 1, 500), charge], &[item(1, 500)]);
    assert_eq!(found[1], unmatched(UnmatchedKind::BankCharge, Some("P1")));
}

fn in_batch(number: usize, minor: i64, total: i64) -> ExpectedItem {
    let batch = ExpectedBatch {
        id: "ACH-20261124-A".to_owned(),
        company_id: Some("1234567890".to_owned()),
        effective_date: Some(day(24)),
        total: eur(total),
    };
    ExpectedItem { batch: Some(batch), trace: Some(format!("09100001{number:07}")), ..item(number, minor) }
}

#[test]
fn an_ach_batch_is_settled_by_company_day_and_sum() {
    let items = [in_batch(1, 500, 1200), in_batch(2, 700, 1200)];
    let settled = |difference| MatchOutcome::BatchSettles {
        batch: "ACH-20261124-A".to_owned(),
        items: vec!["P1".to_owned(), "P2".to_owned()],
        difference,
    };
    let with_text = |minor, text: &str| BankLine { texts: vec![text.to_owned()], ..line(1, minor) };
    let found = one(with_text(1200, "LARGESSE 1234567890 PAYOUTS"), &items);
    assert_eq!((found.outcome, found.rule), (settled(0), Some(MatchRule::AchBatch)));
    let unknown = unmatched(UnmatchedKind::UnknownDebit, None);
    for wrong in [
        with_text(1201, "LARGESSE 1234567890 PAYOUTS"),
        with_text(1200, "LARGESSE 1234567891 PAYOUTS"),
        with_text(1200, ""),
        BankLine { booked: Some(day(25)), value_date: Some(day(25)), ..with_text(1200, "1234567890") },
    ] {
        assert_eq!(one(wrong, &items).outcome, unknown);
    }
    // A declared id binds also if the sum differs, and says by how much.
    let declared = BankLine { batch: Some(LineBatch { ids: vec!["ACH-20261124-A".to_owned()], ..LineBatch::default() }), ..line(1, 1190) };
    let found = one(declared, &items);
    assert!(found.outcome.is_open());
    assert_eq!(found.outcome, settled(-10));
    // An item of the batch that was paid by itself, or another booking of the batch: a person looks.
    let lines = [paid(2, 1, 500), with_text(1200, "1234567890 PAYOUTS")];
    assert_eq!(outcomes(&lines, &items)[0], unmatched(UnmatchedKind::DuplicateDebit, Some("ACH-20261124-A")));
}

#[test]
fn batches_that_can_not_be_told_apart_are_ambiguous() {
    let other = |item: ExpectedItem| {
        let batch = ExpectedBatch { id: "ACH-20261124-B".to_owned(), ..item.batch.clone().unwrap() };
        ExpectedItem { batch: Some(batch), ..item }
    };
    let items = [in_batch(1, 500, 500), other(in_batch(2, 500, 500))];
    let line = BankLine { texts: vec!["1234567890".to_owned()], ..line(1, 500) };
    let candidates = vec!["ACH-20261124-A".to_owned(), "ACH-20261124-B".to_owned()];
    assert_eq!(one(line, &items).outcome, MatchOutcome::Ambiguous { candidates });
}

#[test]
fn an_ach_return_is_found_by_the_original_trace_number() {
    let note = LineReturn { code: Some("R03".to_owned()), original_amount: None, original_traces: vec!["091000010000002".to_owned()] };
    let told = BankLine {
        account: None,
        standing: LineStanding::Information,
        direction: Direction::Credit,
        returned: Some(note.clone()),
        ..line(1, 700)
    };
    let items = [in_batch(1, 500, 1200), in_batch(2, 700, 1200)];
    let found = one(told.clone(), &items);
    assert_eq!(found.rule, Some(MatchRule::AchBatch));
    assert!(matches!(&found.outcome, MatchOutcome::ReturnOf { item, code: Some(code), .. } if item == "P2" && code == "R03"), "{found:?}");
    // The statement books what the file told.
    let booked = BankLine { direction: Direction::Credit, returned: Some(note), ..line(2, 700) };
    let found = outcomes(&[told, booked.clone()], &items);
    assert_eq!(found[0], MatchOutcome::SameEntryAgain { of: EarlierEntry::Line(booked.place) });
    assert!(matches!(found[1], MatchOutcome::ReturnOf { .. }));
}

#[test]
fn a_return_of_nothing_we_know_is_named_so() {
    assert_eq!(outcomes(&[returned(1, 9, 500)], &[item(1, 500)]), [unmatched(UnmatchedKind::ReturnOfUnknown, None)]);
    assert_eq!(match_lines(&[], &[item(1, 500)], &[]), []);
    assert_eq!(outcomes(&[paid(1, 1, 0)], &[item(1, 0)]), [settles("P1")]);
}
