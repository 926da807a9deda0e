//! Invented days of one account, with exceptions planted into them. Everything follows from a seed and a number, so nothing has to be kept.

use iso20022::camt053::Direction;
use jiff::civil::{Date, date};
use matching::{ExpectedBatch, ExpectedItem, ItemStanding};
use money::{Currency, Money};
use reconciliation::{BooksState, ExceptionClass, Item, ItemKind};
use std::{
    fmt::Write as _,
    io::{self, Write},
};

pub const ACCOUNT: &str = "DE89370400440532013000";
/// A Tuesday without a holiday around it.
pub const TODAY: Date = date(2026, 11, 24);
/// One of so many numbers has an exception: 2 %.
const ONE_OF: u64 = 50;

/// The classes that are planted: those of entries and of items.
pub const PLANTED: [ExceptionClass; 17] = [
    ExceptionClass::DuplicateDebit,
    ExceptionClass::SettledThenReturned,
    ExceptionClass::RejectedButDebited,
    ExceptionClass::ReturnDiffers,
    ExceptionClass::ReferenceMismatch,
    ExceptionClass::CurrencyMismatch,
    ExceptionClass::SplitMismatch,
    ExceptionClass::UnderAmount,
    ExceptionClass::OverAmount,
    ExceptionClass::FeeNetted,
    ExceptionClass::LostInBank,
    ExceptionClass::UnknownDebit,
    ExceptionClass::UnknownCredit,
    ExceptionClass::SentNotDebited,
    ExceptionClass::DebitedNotKnownSettled,
    ExceptionClass::ReceiptExpected,
    ExceptionClass::LateValue,
];

/// One booking.
#[derive(Debug, Clone)]
pub struct PlannedEntry {
    pub minor: i64,
    pub direction: Direction,
    pub id: String,
    pub returned: bool,
    pub charge: i64,
    pub text: String,
}

/// What belongs to one number: its items, its bookings, and the class of its exception.
#[derive(Debug, Clone)]
pub struct Planned {
    pub items: Vec<Item>,
    pub entries: Vec<PlannedEntry>,
    pub class: Option<ExceptionClass>,
}

/// A number that looks random.
fn mixed(seed: u64, number: u64) -> u64 {
    let mut value = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(number).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value ^= value >> 31;
    value = value.wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 29)
}

fn money(code: &str, minor: i64) -> Money {
    Money::try_new(Currency::try_new(code).unwrap(), minor).unwrap()
}

pub fn end_to_end(seed: u64, number: u64, part: u64) -> String {
    format!("{:016x}{part:02x}{number:014x}", mixed(seed, number))
}

/// The same number's id with another part.
fn other_id(id: &str, part: &str) -> String {
    format!("{}{part}{}", &id[..16], &id[18..])
}

fn item(key: String, direction: Direction, minor: i64, id: &str) -> Item {
    let mut expected = ExpectedItem::new(&key, ACCOUNT, direction, money("EUR", minor));
    expected.end_to_end_id = Some(id.to_owned());
    let kind = if direction == Direction::Debit { ItemKind::Instant } else { ItemKind::Receipt };
    Item { since: Some(TODAY), value_date: Some(TODAY), counterparty: Some(format!("Party {key} Example")), ..Item::new(expected, kind) }
}

/// The items and bookings of a number.
pub fn planned(seed: u64, number: u64) -> Planned {
    let random = mixed(seed, number);
    let minor = 100 + i64::try_from(mixed(seed, number ^ 0xff) % 50_000).unwrap();
    let key = format!("P{number}");
    let id = end_to_end(seed, number, 0);
    let class = random.is_multiple_of(ONE_OF).then(|| PLANTED[usize::try_from(random / ONE_OF).unwrap_or_default() % PLANTED.len()]);
    let debit = || item(key.clone(), Direction::Debit, minor, &id);
    let credit = || item(key.clone(), Direction::Credit, minor, &id);
    let entry = |direction, minor| PlannedEntry {
        minor,
        direction,
        id: id.clone(),
        returned: false,
        charge: 0,
        text: format!("Party {key} Example"),
    };
    let paid = || entry(Direction::Debit, minor);
    let (items, entries) = match class {
        None if random % 20 == 7 => {
            // A processor names its payout in the text.
            let mut receipt = credit();
            (receipt.kind, receipt.settlement, receipt.expected.end_to_end_id) =
                (ItemKind::Processor, Some(format!("po_{number:08}")), None);
            let text = format!("PAYOUT po_{number:08} example");
            (vec![receipt], vec![PlannedEntry { id: "NOTPROVIDED".to_owned(), text, ..entry(Direction::Credit, minor) }])
        }
        None if random % 20 == 8 => (vec![credit()], vec![entry(Direction::Credit, minor)]),
        None => (vec![debit()], vec![paid()]),
        Some(class) => exception(class, (debit(), credit()), (paid(), entry(Direction::Credit, minor))),
    };
    Planned { items, entries, class }
}

fn exception(class: ExceptionClass, items: (Item, Item), entries: (PlannedEntry, PlannedEntry)) -> (Vec<Item>, Vec<PlannedEntry>) {
    let ((debit, credit), (paid, received)) = (items, entries);
    let minor = paid.minor;
    let back = |minor| PlannedEntry { minor, returned: true, ..received.clone() };
    let days = |days: i64| TODAY.checked_sub(jiff::Span::new().days(days)).unwrap();
    match class {
        ExceptionClass::DuplicateDebit => (vec![debit], vec![paid.clone(), paid]),
        ExceptionClass::SettledThenReturned => (vec![debit], vec![paid, back(minor)]),
        ExceptionClass::ReturnDiffers => (vec![debit], vec![paid, back(minor - 50)]),
        ExceptionClass::RejectedButDebited => {
            let mut rejected = debit;
            rejected.expected.standing = ItemStanding::Rejected;
            (vec![rejected], vec![paid])
        }
        ExceptionClass::ReferenceMismatch => (vec![debit], vec![PlannedEntry { id: other_id(&paid.id, "02"), ..paid }]),
        ExceptionClass::CurrencyMismatch => {
            let mut other = debit;
            other.expected.amount = money("USD", minor);
            (vec![other], vec![paid])
        }
        ExceptionClass::SplitMismatch => {
            let id = other_id(&paid.id, "01");
            let batch = ExpectedBatch {
                id: format!("B{}", &paid.id[16..]),
                company_id: None,
                effective_date: None,
                total: money("EUR", 2 * minor),
            };
            let mut second = debit.clone();
            second.expected.key.push('b');
            second.expected.end_to_end_id = Some(id.clone());
            let mut parts = [debit, second];
            parts.iter_mut().for_each(|part| part.expected.batch = Some(batch.clone()));
            let more = PlannedEntry { minor: minor + 30, id, ..paid.clone() };
            (parts.into(), vec![PlannedEntry { minor: minor - 30, ..paid }, more])
        }
        ExceptionClass::UnderAmount => (vec![debit], vec![PlannedEntry { minor: minor - 1, ..paid }]),
        ExceptionClass::OverAmount => (vec![debit], vec![PlannedEntry { minor: minor + 1, ..paid }]),
        ExceptionClass::FeeNetted => (vec![credit], vec![PlannedEntry { minor: minor - 20, charge: 20, ..received }]),
        ExceptionClass::LostInBank => (vec![Item { since: Some(days(10)), final_day: Some(days(5)), ..debit }], vec![]),
        ExceptionClass::SentNotDebited => (vec![Item { since: Some(days(1)), kind: ItemKind::CreditTransfer, ..debit }], vec![]),
        ExceptionClass::DebitedNotKnownSettled => (vec![Item { state: BooksState::Unknown, ..debit }], vec![paid]),
        ExceptionClass::ReceiptExpected => (vec![Item { since: Some(days(9)), value_date: Some(days(8)), ..credit }], vec![]),
        ExceptionClass::LateValue => (vec![Item { value_date: Some(days(7)), ..credit }], vec![received]),
        ExceptionClass::UnknownDebit => (vec![], vec![paid]),
        ExceptionClass::UnknownCredit => (vec![], vec![received]),
        _ => (vec![debit], vec![paid]),
    }
}

/// Writes the day as a statement, with the bookings of the numbers in their order.
pub fn write_statement(out: &mut impl Write, seed: u64, numbers: impl Iterator<Item = u64> + Clone) -> io::Result<()> {
    let signed = |entry: &PlannedEntry| if entry.direction == Direction::Credit { entry.minor } else { -entry.minor };
    let moved: i64 = numbers.clone().flat_map(|number| planned(seed, number).entries).map(|entry| signed(&entry)).sum();
    let opening = 1_000_000;
    let closing = opening + moved;
    write!(
        out,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.08\"><BkToCstmrStmt><GrpHdr><MsgId>M</MsgId><CreDtTm>{TODAY}T21:30:00Z</CreDtTm></GrpHdr><Stmt><Id>S</Id><ElctrncSeqNb>228</ElctrncSeqNb><Acct><Id><IBAN>{ACCOUNT}</IBAN></Id><Ccy>EUR</Ccy></Acct>{}{}",
        balance("OPBD", opening),
        balance("CLBD", closing)
    )?;
    let mut at = 0;
    for number in numbers {
        for entry in planned(seed, number).entries {
            at += 1;
            out.write_all(entry_xml(at, &entry).as_bytes())?;
        }
    }
    write!(out, "</Stmt></BkToCstmrStmt></Document>")
}

fn side(minor: i64) -> &'static str {
    if minor < 0 { "DBIT" } else { "CRDT" }
}

fn amount(minor: i64) -> String {
    let minor = minor.unsigned_abs();
    format!("<Amt Ccy=\"EUR\">{}.{:02}</Amt>", minor / 100, minor % 100)
}

pub fn balance(code: &str, minor: i64) -> String {
    format!(
        "<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>{}<CdtDbtInd>{}</CdtDbtInd><Dt><Dt>{TODAY}</Dt></Dt></Bal>",
        amount(minor),
        side(minor)
    )
}

pub fn entry_xml(at: u64, entry: &PlannedEntry) -> String {
    let (family, subfamily, party) = match entry.direction {
        Direction::Debit => ("ICDT", "ESCT", "Cdtr"),
        Direction::Credit if entry.returned => ("ICDT", "RRTN", "Cdtr"),
        Direction::Credit => ("RCDT", "ESCT", "Dbtr"),
    };
    let signed = if entry.direction == Direction::Debit { -entry.minor } else { entry.minor };
    let (money, side) = (amount(signed), side(signed));
    let mut text = String::new();
    let charges = if entry.charge > 0 {
        format!("<Chrgs><Rcrd>{}<CdtDbtInd>DBIT</CdtDbtInd><ChrgInclInd>true</ChrgInclInd></Rcrd></Chrgs>", amount(entry.charge))
    } else {
        String::new()
    };
    let note = if entry.returned { "<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf>" } else { "" };
    write!(
        text,
        "<Ntry><NtryRef>BK{at}</NtryRef>{money}<CdtDbtInd>{side}</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>{TODAY}</Dt></BookgDt><ValDt><Dt>{TODAY}</Dt></ValDt><AcctSvcrRef>BK{at}</AcctSvcrRef><BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>{family}</Cd><SubFmlyCd>{subfamily}</SubFmlyCd></Fmly></Domn></BkTxCd><NtryDtls><TxDtls><Refs><AcctSvcrRef>BK{at}</AcctSvcrRef><EndToEndId>{id}</EndToEndId></Refs>{money}<CdtDbtInd>{side}</CdtDbtInd>{charges}<RltdPties><{party}><Pty><Nm>{name}</Nm></Pty></{party}></RltdPties><RmtInf><Ustrd>{name}</Ustrd></RmtInf>{note}</TxDtls></NtryDtls></Ntry>",
        id = entry.id,
        name = entry.text,
    )
    .unwrap();
    text
}
