//! Statements, cases and days as messages.
use crate::{
    cases::ShownCase,
    closing::KeptTiming,
    domain::bank::{
        Adjustment, AdjustmentKind, AdjustmentTransfer, BankItem, CaseState, ItemClosing, ItemReferences, KeptEvidence, KeptPosting,
        owner_name,
    },
    error::Error,
    reconcile::{ImportState, Imported},
    store::{CaseFilter, ClosedDayRow, StatementRow, kind_of, state_of},
};
use api::treasury as pb;
use iso20022::camt053::Direction;
use jiff::civil::Date;
use money::{
    BookName,
    text::{is_plain, shown},
};
use reconciliation::ItemKind;
use rpc::{
    Violations,
    page::{PageSizes, PagedList},
};
use tonic::Status;
use uuid::Uuid;

/// Named differences of a day, or statements of a file, that an answer shows: what a reader looks through, and far less than an answer may have.
const SHOWN_MAX: usize = 1_000;
/// Bytes of a file: what the readers of banks' formats take whole.
pub const FILE_BYTES_MAX: i64 = 32 << 20;
/// Bytes of a part: with its fields, less than a message may have.
pub const PART_BYTES: usize = 192 << 10;
/// Items of a call.
const ITEMS_MAX: usize = 100;
/// Bytes of a key or a reference: more than any bank's field has.
const TEXT_BYTES_MAX: usize = 64;
const PAYMENT_IDS_MAX: usize = 8;
const TRANSFERS_MAX: usize = 8;
/// Cases or closed days of a page: a screen, and what fits into an answer.
pub(super) const PAGES: PageSizes = PageSizes { default: 100, max: 500 };

/// Refuses a part that is not of its form.
pub fn check_part(request: &pb::ImportStatementRequest) -> Result<(), Status> {
    let mut wrong = Violations::default();
    if !is_hex(&request.sha256, 64) {
        wrong.add(rpc::malformed("sha256", "must be the SHA-256 of the file: 64 hexadecimal digits in lower case"));
    }
    let (size, offset) = (request.size_bytes, request.offset_bytes);
    if !(1..=FILE_BYTES_MAX).contains(&size) {
        wrong.add(rpc::malformed("size_bytes", &format!("must be 1 to {FILE_BYTES_MAX}")));
    } else if offset < 0 || offset >= size || offset % PART_BYTES as i64 != 0 {
        wrong.add(rpc::malformed("offset_bytes", &format!("must be a multiple of {PART_BYTES} below size_bytes")));
    } else if request.part.len() as i64 != (size - offset).min(PART_BYTES as i64) {
        wrong.add(rpc::malformed("part", &format!("must have {PART_BYTES} bytes, or what is left at the end of the file")));
    }
    wrong.check()
}

/// Bytes of a message's part of a file that comes as a stream.
pub const STREAMED_PART_BYTES_MAX: usize = 1 << 20;

/// A file as its first message names it.
#[derive(Debug, Clone)]
pub(crate) struct AnnouncedFile {
    /// SHA-256 of all of it, in hexadecimal digits.
    pub(crate) hash: String,
    /// Its bytes.
    pub(crate) size_bytes: i64,
}

/// The file that the first message of a stream names.
pub(crate) fn announced(request: &pb::ImportStatementStreamRequest, bytes_max: u64) -> Result<AnnouncedFile, Status> {
    let mut wrong = Violations::default();
    if !is_hex(&request.sha256, 64) {
        wrong.add(rpc::malformed("sha256", "must be the SHA-256 of the file: 64 hexadecimal digits in lower case"));
    }
    if !u64::try_from(request.size_bytes).is_ok_and(|size| (1..=bytes_max).contains(&size)) {
        wrong.add(rpc::malformed("size_bytes", &format!("must be 1 to {bytes_max}")));
    }
    if request.offset_bytes != 0 || !request.part.is_empty() {
        wrong.add(rpc::malformed("part", "must follow the first message, which names the file"));
    }
    wrong.check()?;
    Ok(AnnouncedFile { hash: request.sha256.clone(), size_bytes: request.size_bytes })
}

/// The part that a further message has, after `received` bytes of a file.
pub(crate) fn streamed_part(request: pb::ImportStatementStreamRequest, file: &AnnouncedFile, received: u64) -> Result<Vec<u8>, Status> {
    let mut wrong = Violations::default();
    if !request.book.is_empty() || !request.sha256.is_empty() || request.size_bytes != 0 {
        wrong.add(rpc::malformed("sha256", "must be in the first message only: one call takes one file"));
    }
    let left = u64::try_from(file.size_bytes).unwrap_or_default().saturating_sub(received);
    if u64::try_from(request.offset_bytes).ok() != Some(received) {
        wrong.add(rpc::malformed("offset_bytes", &format!("must be {received}, where the part before it ended")));
    } else if request.part.is_empty() || request.part.len() > STREAMED_PART_BYTES_MAX || request.part.len() as u64 > left {
        let why = format!("must have 1 to {STREAMED_PART_BYTES_MAX} bytes, and no more than the {left} that are left of the file");
        wrong.add(rpc::malformed("part", &why));
    }
    wrong.check()?;
    Ok(request.part)
}

/// Refuses a stream that ended before all of its file had come.
pub(crate) fn check_whole(file: &AnnouncedFile, received: u64) -> Result<(), Status> {
    if u64::try_from(file.size_bytes).ok() == Some(received) {
        return Ok(());
    }
    let why = format!("must follow until all {} bytes of the file have come; {received} came, and nothing was kept", file.size_bytes);
    Err(rpc::malformed("part", &why))
}

/// What is known of a file.
pub fn imported(imported: Imported) -> pb::ImportStatementResponse {
    let state = match imported.state {
        ImportState::Receiving => pb::ImportState::Receiving,
        ImportState::Taken => pb::ImportState::Taken,
        ImportState::Known => pb::ImportState::Known,
    };
    let statement = |row: StatementRow| pb::ImportedStatement {
        number: i32::try_from(row.number).unwrap_or(i32::MAX),
        physical_account: row.account,
        account_number: row.account_number,
        day: row.day.map(|day| day.to_string()).unwrap_or_default(),
        currency_code: row.currency,
        entry_count: row.entry_count,
    };
    let statements_left_out = left_out(imported.statements.len());
    pb::ImportStatementResponse {
        state: state.into(),
        received_bytes: imported.received_bytes,
        format: imported.format,
        statements: imported.statements.into_iter().take(SHOWN_MAX).map(statement).collect(),
        open_case_count: imported.open_cases,
        statements_left_out,
    }
}

fn left_out(count: usize) -> i64 {
    i64::try_from(count.saturating_sub(SHOWN_MAX)).unwrap_or(i64::MAX)
}

/// Reads announced items.
pub fn items(request: pb::ExpectItemsRequest) -> Result<Vec<BankItem>, Status> {
    let mut wrong = Violations::default();
    let count = request.items.len();
    if !(1..=ITEMS_MAX).contains(&count) {
        wrong.add(rpc::malformed("items", &format!("must have 1 to {ITEMS_MAX} items")));
    }
    let mut items: Vec<BankItem> = request.items.into_iter().take(ITEMS_MAX).filter_map(|item| wrong.take(self::item(item))).collect();
    items.sort_by(|one, other| one.key.cmp(&other.key));
    if items.windows(2).any(|pair| pair[0].key == pair[1].key) {
        wrong.add(rpc::malformed("items", "must have each item once"));
    }
    wrong.check()?;
    Ok(items)
}

fn item(item: pb::BankItem) -> Result<BankItem, Status> {
    let direction = match item.direction() {
        pb::MoneyDirection::Debit => Direction::Debit,
        pb::MoneyDirection::Credit => Direction::Credit,
        pb::MoneyDirection::Unspecified => return Err(rpc::malformed("direction", "must be DEBIT or CREDIT")),
    };
    let is_text = |text: &String| text.len() <= TEXT_BYTES_MAX && is_plain(text);
    let texts = [&item.item, &item.end_to_end_id, &item.short_reference, &item.trace, &item.settlement, &item.descriptor_text];
    if item.item.is_empty() || !texts.into_iter().chain(&item.payment_ids).all(is_text) || item.payment_ids.len() > PAYMENT_IDS_MAX {
        let must = format!("must have an id, and texts of at most {TEXT_BYTES_MAX} bytes without hidden characters; at most 8 payment_ids");
        return Err(rpc::malformed("item", &must));
    }
    let kind = kind_of(&item.kind).ok_or_else(|| rpc::malformed("kind", "must be a kind such as instant or receipt"))?;
    let state =
        state_of(&item.state).ok_or_else(|| rpc::malformed("state", "must be submitted, accepted, unknown, settled or rejected"))?;
    let least = item.amount_minor_units;
    let most = if item.amount_most_minor_units == 0 { least } else { item.amount_most_minor_units };
    if least < i64::from(kind != ItemKind::Charge) || most < least || item.returned_minor_units < 0 {
        return Err(rpc::malformed("amount_minor_units", "must be at least 1 (of a charge at least 0), and no more than the largest"));
    }
    Ok(BankItem {
        days: [
            optional_day("since_date", &item.since_date)?,
            optional_day("final_date", &item.final_date)?,
            optional_day("value_date", &item.value_date)?,
        ],
        key: item.item,
        account: item.physical_account,
        direction,
        amounts: (least, most),
        kind,
        state,
        references: ItemReferences {
            end_to_end_id: item.end_to_end_id,
            short_reference: item.short_reference,
            payment_ids: item.payment_ids,
            trace: item.trace,
            settlement: item.settlement,
            descriptor: item.descriptor_text,
        },
        returned_in_books: item.returned_minor_units,
        closing: ItemClosing::default(),
    })
}

/// Reads a list's request: what to list, the size of a page, and the list of its token.
pub fn case_list(book: &BookName, request: &pb::ListCasesRequest) -> Result<(CaseFilter, usize, PagedList), Error> {
    let size =
        PAGES.read(request.page_size).map_err(|error| Error::Violations(Box::new(rpc::malformed("page_size", &error.to_string()))))?;
    let state = match request.state() {
        pb::CaseState::Unspecified => None,
        pb::CaseState::Open => Some(CaseState::Open),
        pb::CaseState::Explained => Some(CaseState::Explained),
        pb::CaseState::Resolved => Some(CaseState::Resolved),
    };
    let account = request.physical_account.clone();
    let paged = PagedList::new("ListCases", book.as_str(), &[&account, state.map_or("", CaseState::name)]);
    let after = paged.position(&request.page_token).map_err(|_| Error::PageToken)?;
    Ok((CaseFilter { account, state, after }, size, paged))
}

/// A case's id as sent.
pub fn case_id(text: &str) -> Result<&str, Status> {
    if is_hex(text, 32) {
        Ok(text)
    } else {
        Err(rpc::malformed("case_id", "must be the id of a case: 32 hexadecimal digits in lower case"))
    }
}

/// An assignee as sent.
pub fn assignee(text: &str) -> Result<&str, Status> {
    match text.is_empty() || money::UserKey::is_valid(text) {
        true => Ok(text),
        false => Err(rpc::malformed("assignee", "must be the subject of a member of staff, or empty")),
    }
}

/// An adjustment's id as sent.
pub fn adjustment_id(text: &str) -> Result<Uuid, Status> {
    let id = Uuid::try_parse(text).ok().filter(|id| id.get_version_num() == 7);
    id.ok_or_else(|| rpc::malformed("adjustment_id", "must be a UUID of version 7"))
}

/// A day as sent.
pub fn day(field: &'static str, text: &str) -> Result<Date, Status> {
    super::moves::date(field, text)
}

/// A day as sent, which may be left out.
pub(super) fn optional_day(field: &'static str, text: &str) -> Result<Option<Date>, Status> {
    if text.is_empty() { Ok(None) } else { day(field, text).map(Some) }
}

/// Reads a proposal.
pub fn proposal(request: pb::ProposeAdjustmentRequest, by: (String, i64)) -> Result<Adjustment, Status> {
    let mut wrong = Violations::default();
    let id = wrong.take(adjustment_id(&request.adjustment_id));
    let case = wrong.take(case_id(&request.case_id).map(str::to_owned));
    let kind = match request.kind() {
        pb::AdjustmentKind::Adjustment => Some(AdjustmentKind::Adjustment),
        pb::AdjustmentKind::WriteOff => Some(AdjustmentKind::WriteOff),
        pb::AdjustmentKind::Unspecified => {
            wrong.add(rpc::malformed("kind", "must be ADJUSTMENT or WRITE_OFF"));
            None
        }
    };
    let transfer = |sent: pb::AdjustmentTransfer| AdjustmentTransfer {
        debit: sent.debit_leaf,
        credit: sent.credit_leaf,
        amount: sent.amount_minor_units,
    };
    let transfers: Vec<AdjustmentTransfer> = request.transfers.into_iter().map(transfer).collect();
    let is_right = |one: &AdjustmentTransfer| one.amount >= 1 && one.debit != one.credit;
    if !(1..=TRANSFERS_MAX).contains(&transfers.len()) || !transfers.iter().all(is_right) {
        wrong.add(rpc::malformed("transfers", "must be 1 to 8, each of at least 1 minor unit between two different sides"));
    }
    if kind == Some(AdjustmentKind::WriteOff) && transfers.iter().any(|one| one.debit.is_empty()) {
        wrong.add(rpc::malformed("transfers", "must take money out of leaves only, because it is a write-off"));
    }
    wrong.check()?;
    let none = || rpc::malformed("adjustment_id", "must be given");
    Ok(Adjustment {
        id: id.ok_or_else(none)?,
        case_id: case.ok_or_else(none)?,
        kind: kind.ok_or_else(none)?,
        transfers,
        state: String::new(),
        proposed: by,
        approved: (String::new(), 0),
    })
}

/// An adjustment as its message.
pub fn adjustment(adjustment: Adjustment) -> pb::Adjustment {
    let kind = match adjustment.kind {
        AdjustmentKind::Adjustment => pb::AdjustmentKind::Adjustment,
        AdjustmentKind::WriteOff => pb::AdjustmentKind::WriteOff,
    };
    let transfer =
        |one: AdjustmentTransfer| pb::AdjustmentTransfer { debit_leaf: one.debit, credit_leaf: one.credit, amount_minor_units: one.amount };
    pb::Adjustment {
        adjustment_id: adjustment.id.hyphenated().to_string(),
        case_id: adjustment.case_id,
        kind: kind.into(),
        transfers: adjustment.transfers.into_iter().map(transfer).collect(),
        proposed_by: adjustment.proposed.0,
        proposed_time: Some(rpc::wire::timestamp_ms(adjustment.proposed.1)),
        approved_by: adjustment.approved.0,
        posted: adjustment.state == "posted",
    }
}

/// A case as its message. Words of a bank, and ids that other services announced, are made safe to show.
pub fn case(case: ShownCase) -> pb::ReconciliationCase {
    let ShownCase { kept, difference, age_banking_days } = case;
    let state = match kept.state {
        CaseState::Open => pb::CaseState::Open,
        CaseState::Explained => pb::CaseState::Explained,
        CaseState::Resolved => pb::CaseState::Resolved,
    };
    let found = kept.found;
    let evidence = |one: KeptEvidence| pb::MatchEvidence { field: one.field, text: shown(&one.text).into_owned() };
    let posting = |one: KeptPosting| pb::ProposedTransfer {
        in_book: one.book,
        debit: one.debit,
        credit: one.credit,
        amount_minor_units: one.amount,
        why: shown(&one.why).into_owned(),
    };
    pb::ReconciliationCase {
        case_id: found.id,
        physical_account: kept.account.0,
        class: found.class.code().to_owned(),
        state: state.into(),
        owner: owner_name(found.class.owner()).to_owned(),
        assignee: kept.assignee,
        next_step: found.class.next_step().to_owned(),
        detail: shown(&found.detail).into_owned(),
        currency_code: kept.account.1,
        amount_minor_units: found.amount,
        difference_minor_units: difference,
        since_date: found.since.to_string(),
        age_banking_days: i32::try_from(age_banking_days).unwrap_or(i32::MAX),
        age_bucket: bucket(age_banking_days).to_owned(),
        items: found.items.iter().map(|item| shown(item).into_owned()).collect(),
        rule: found.rule.into(),
        evidence: found.evidence.into_iter().map(evidence).collect(),
        postings: found.postings.into_iter().map(posting).collect(),
        proposed_item: shown(&found.proposed_item).into_owned(),
        resolution: kept.resolution,
        closed_with: kept.closed_day.map(|day| day.to_string()).unwrap_or_default(),
    }
}

const fn bucket(days: u32) -> &'static str {
    use reconciliation::AgeBucket;
    match AgeBucket::of(days) {
        AgeBucket::UpTo1 => "0-1",
        AgeBucket::UpTo5 => "2-5",
        AgeBucket::UpTo30 => "6-30",
        AgeBucket::UpTo90 => "31-90",
        AgeBucket::Older => ">90",
    }
}

/// A closed day as its message.
pub fn closed(closed: &ClosedDayRow, replayed: bool) -> pb::CloseDayResponse {
    let differences = ShownDifferences::of(closed);
    pb::CloseDayResponse {
        closing_minor_units: closed.balances.1,
        books_minor_units: closed.books,
        timing_items: differences.largest,
        entry_count: closed.entry_count,
        replayed,
        timing_items_left_out: differences.left_out,
        left_out_minor_units: differences.left_out_sum,
    }
}

/// The named differences of a closed day, as far as an answer has them.
pub(super) struct ShownDifferences {
    /// The largest of them, that one first.
    pub(super) largest: Vec<pb::NamedDifference>,
    /// How many are left out.
    pub(super) left_out: i64,
    /// Their sum in minor units.
    pub(super) left_out_sum: i64,
}

impl ShownDifferences {
    pub(super) fn of(closed: &ClosedDayRow) -> Self {
        let mut timing: Vec<KeptTiming> = serde_json::from_str(&closed.timing).unwrap_or_default();
        let rest = timing.split_off(timing.len().min(SHOWN_MAX));
        let item = |one: KeptTiming| pb::NamedDifference {
            id: shown(&one.id).into_owned(),
            class: one.class,
            difference_minor_units: one.difference,
            age_banking_days: i32::try_from(one.age_banking_days).unwrap_or(i32::MAX),
            owner: one.owner,
        };
        Self {
            largest: timing.into_iter().map(item).collect(),
            left_out: i64::try_from(rest.len()).unwrap_or(i64::MAX),
            left_out_sum: rest.iter().fold(0, |sum, one| sum.saturating_add(one.difference)),
        }
    }
}

fn is_hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

#[cfg(test)]
mod tests;
