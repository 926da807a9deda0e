//! Price sheets, compared with the audit log: a sheet decides what coins cost, and nobody can load one without a line there, or take one away that has one.
use super::{REPORTED_MAX, ReadFault, exists};
use crate::health::CheckResult;
use api::purchase::LoadPriceSheetRequest;
use db::Database;
use identity::Service;
use money::BookName;
use prost::Message as _;
use purchase::tables::{SheetRow, sheet_damage};
use rpc::wire::TimeRange;
use support::tables::{ActFilter, ActPhase, ActRecord, request_hash};

/// The RPC that loads a sheet, as lines name it.
const LOAD: &str = "largesse.purchase.v1.PurchaseService/LoadPriceSheet";
/// Sheets per read. Each has up to 250,000 bytes.
const SHEETS: i64 = 8;
/// Lines per read.
const LINES: i64 = 200;
/// Lines per read of those whose sheets are looked for: the bytes of each are read.
const LOADS: i64 = 16;
/// More than a book can have.
const SHEETS_MAX: i64 = 1_000;
/// The outcome of a call that succeeded, as its line has it.
const SUCCEEDED: &str = "OK";
/// How far the clocks of processes may be apart, in milliseconds.
const CLOCKS_MS: i64 = 300_000;

/// The sheets of one page after a number that are not as somebody loaded them, and the number of the last one that was read; `None` after the last sheet.
pub(super) async fn unloaded(
    sheets: &purchase::tables::Store,
    acts: &support::tables::Store,
    book: &BookName,
    after: i64,
) -> Result<(Vec<String>, Option<i64>), ReadFault> {
    // With the one before them: the highest number is in force, so an old sheet must not get another one.
    let page = sheets.sheets_after(book, (after - 1).max(0), SHEETS + 1).await?;
    let (mut problems, mut before) = (Vec::new(), (0, i64::MIN));
    for sheet in &page {
        let SheetRow { sheet_no, version, loaded_by, loaded_at_ms, .. } = sheet;
        if *sheet_no > after {
            let follows = before.0 + 1 == *sheet_no && before.1.saturating_sub(CLOCKS_MS) <= *loaded_at_ms;
            let problem = if let Some(column) = sheet_damage(sheet) {
                Some(format!("{column} contradicts its bytes"))
            } else if !follows {
                Some(format!("it does not follow number {}, in its number or its time", before.0))
            } else if !is_loaded(acts, book, sheet).await? {
                Some(format!("the audit log has no LoadPriceSheet of these bytes by {loaded_by} at that time"))
            } else {
                None
            };
            problems.extend(problem.map(|what| format!("price sheet {sheet_no}, version {version}: {what}")));
        }
        before = (*sheet_no, *loaded_at_ms);
    }
    Ok((problems, page.last().map(|last| last.sheet_no).filter(|last| *last > after)))
}

/// The sheets that are missing of those that a page of the audit log, of the lines before a line, has as loaded; and the first line that was read, `None` after the
/// first of all.
pub(super) async fn missing(
    sheets: &purchase::tables::Store,
    acts: &support::tables::Store,
    book: &BookName,
    before: i64,
) -> Result<(Vec<String>, Option<i64>), ReadFault> {
    let filter = ActFilter { books: Some(vec![book.to_string()]), rpc: LOAD.to_owned(), ..ActFilter::default() };
    // Before the sheets: what is loaded meanwhile has its row before the line of its end.
    let page = acts.acts(&filter, before, LOADS).await?;
    let ended: Vec<&ActRecord> = page.iter().filter(|line| line.act.phase == ActPhase::Ended && line.act.outcome == SUCCEEDED).collect();
    let rows = if ended.is_empty() { Vec::new() } else { sheets.sheets_before(book, i64::MAX, SHEETS_MAX).await? };
    let mut problems = Vec::new();
    for line in ended {
        let begun = acts.lines_of(line.act.act_id).await?.into_iter().find(|line| line.act.phase == ActPhase::Begun);
        // What is erased, or older than hashes, does not say of which bytes it was; and it may repeat an earlier load.
        let Some(begun) = begun.filter(|begun| !begun.erased && !begun.hashes.request.is_empty()) else { continue };
        if !is_kept(sheets, book, &rows, &begun).await? {
            let (subject, seq) = (&begun.act.subject, begun.seq);
            problems.push(format!(
                "price sheet of line {seq} of the audit log, loaded by {subject}: there is no sheet of these bytes any more"
            ));
        }
    }
    Ok((problems, page.last().map(|last| last.seq)))
}

/// Whether a sheet has the bytes of a request. Those of its time come first, and those whose version the line shows: a load that was repeated.
async fn is_kept(sheets: &purchase::tables::Store, book: &BookName, rows: &[SheetRow], begun: &ActRecord) -> Result<bool, ReadFault> {
    let is_likely = |row: &&SheetRow| {
        begun.time_ms.abs_diff(row.loaded_at_ms) <= CLOCKS_MS.unsigned_abs() || begun.act.request_json.contains(&row.version)
    };
    let (likely, others): (Vec<&SheetRow>, Vec<&SheetRow>) = rows.iter().partition(is_likely);
    for row in likely.into_iter().chain(others) {
        let sheet = sheets.sheets_after(book, row.sheet_no - 1, 1).await?.pop();
        if sheet.is_some_and(|sheet| is_request(begun, &requests(book, &sheet.content))) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// How far the sheets of a book are compared: both ways, a page in each look, and from the beginning again after the last one, since rows may be changed or taken
/// away after they were compared.
#[derive(Debug)]
pub(super) struct SheetPlace {
    sheet_no: i64,
    before_line: i64,
}

impl Default for SheetPlace {
    fn default() -> Self {
        Self { sheet_no: 0, before_line: i64::MAX }
    }
}

impl SheetPlace {
    /// Compares the next pages. A difference is found again in each look, until it is repaired.
    pub(super) async fn compare(
        &mut self,
        sheets: &purchase::tables::Store,
        acts: &support::tables::Store,
        book: &BookName,
    ) -> Result<CheckResult, ReadFault> {
        let (mut problems, last) = unloaded(sheets, acts, book, self.sheet_no).await?;
        if problems.is_empty() {
            self.sheet_no = last.unwrap_or_default();
        }
        let (lost, first) = missing(sheets, acts, book, self.before_line).await?;
        if lost.is_empty() {
            self.before_line = first.unwrap_or(i64::MAX);
        }
        problems.extend(lost);
        Ok(CheckResult::of((!problems.is_empty()).then(|| problems.join("; "))))
    }
}

/// All sheets of a book, where both services have their tables in this database.
pub(super) async fn all(database: &Database, book: &BookName) -> Result<Vec<String>, ReadFault> {
    if !exists(database, Service::Purchase).await? || !exists(database, Service::Support).await? {
        return Ok(Vec::new());
    }
    let (sheets, acts) = (purchase::tables::Store::open(database).await?, support::tables::Store::open(database).await?);
    let (mut problems, mut after) = (Vec::new(), Some(0));
    while let Some(number) = after.filter(|_| problems.len() < REPORTED_MAX) {
        let (found, next) = unloaded(&sheets, &acts, book, number).await?;
        problems.extend(found);
        after = next;
    }
    let mut before = Some(i64::MAX);
    while let Some(line) = before.filter(|_| problems.len() < REPORTED_MAX) {
        let (lost, next) = missing(&sheets, &acts, book, line).await?;
        problems.extend(lost);
        before = next;
    }
    problems.truncate(REPORTED_MAX);
    Ok(problems)
}

/// The requests that load these bytes. A request need not name the only book of its token, and may have its fields in any order: the hash is of the bytes that were
/// sent.
fn requests(book: &BookName, content: &str) -> [Vec<u8>; 3] {
    let asked = |book: &str, content: &str| LoadPriceSheetRequest { book: book.to_owned(), content: content.to_owned() }.encode_to_vec();
    let (of_book, of_content) = (asked(book.as_str(), ""), asked("", content));
    [[&*of_book, &*of_content].concat(), [&*of_content, &*of_book].concat(), of_content]
}

/// Whether a line of the audit log says that the person who is named asked for this sheet, at about that time.
async fn is_loaded(acts: &support::tables::Store, book: &BookName, sheet: &SheetRow) -> Result<bool, ReadFault> {
    let requests = requests(book, &sheet.content);
    let recorded = TimeRange {
        from_ms: sheet.loaded_at_ms.saturating_sub(CLOCKS_MS),
        until_ms: sheet.loaded_at_ms.saturating_add(CLOCKS_MS).saturating_add(1),
    };
    let filter = ActFilter {
        books: Some(vec![book.to_string()]),
        subject: sheet.loaded_by.clone(),
        rpc: LOAD.to_owned(),
        recorded,
        ..ActFilter::default()
    };
    let mut before = i64::MAX;
    loop {
        let page = acts.acts(&filter, before, LINES).await?;
        let Some(last) = page.last() else { return Ok(false) };
        before = last.seq;
        if page.iter().any(|line| asks_for(line, &requests)) {
            return Ok(true);
        }
    }
}

fn asks_for(line: &ActRecord, requests: &[Vec<u8>]) -> bool {
    // What is erased can't be hashed again, and lines of earlier versions have no hash.
    let has_no_hash = line.erased || line.hashes.request.is_empty();
    line.act.phase == ActPhase::Begun && (has_no_hash || is_request(line, requests))
}

/// Whether a line is of one of these requests.
fn is_request(line: &ActRecord, requests: &[Vec<u8>]) -> bool {
    requests.iter().any(|request| request_hash(&line.salt, request) == line.hashes.request)
}
