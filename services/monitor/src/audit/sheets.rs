//! Price sheets, compared with the audit log: a sheet decides what coins cost, and nobody can load one without a line there.
use super::{REPORTED_MAX, ReadFault, exists};
use api::purchase::LoadPriceSheetRequest;
use db::Database;
use identity::Service;
use money::BookName;
use prost::Message as _;
use purchase::tables::{SheetRow, sheet_damage};
use support::tables::{ActFilter, ActPhase, ActRecord, request_hash};

/// The RPC that loads a sheet, as lines name it.
const LOAD: &str = "largesse.purchase.v1.PurchaseService/LoadPriceSheet";
/// Sheets per read. Each has up to 250,000 bytes.
const SHEETS: i64 = 8;
/// Lines per read.
const LINES: i64 = 200;
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
    problems.truncate(REPORTED_MAX);
    Ok(problems)
}

/// Whether a line of the audit log says that the person who is named asked for this sheet.
async fn is_loaded(acts: &support::tables::Store, book: &BookName, sheet: &SheetRow) -> Result<bool, ReadFault> {
    let asked = |book: &str, content: &str| LoadPriceSheetRequest { book: book.to_owned(), content: content.to_owned() }.encode_to_vec();
    // A request need not name the only book of its token, and may have its fields in any order: the hash is of the bytes that were sent.
    let (of_book, of_content) = (asked(book.as_str(), ""), asked("", &sheet.content));
    let requests = [[&*of_book, &*of_content].concat(), [&*of_content, &*of_book].concat(), of_content];
    let filter =
        ActFilter { books: Some(vec![book.to_string()]), subject: sheet.loaded_by.clone(), rpc: LOAD.to_owned(), ..ActFilter::default() };
    let mut before = i64::MAX;
    loop {
        let page = acts.acts(&filter, before, LINES).await?;
        let Some(last) = page.last() else { return Ok(false) };
        before = last.seq;
        if page.iter().any(|line| asks_for(line, &requests, sheet)) {
            return Ok(true);
        }
    }
}

fn asks_for(line: &ActRecord, requests: &[Vec<u8>], sheet: &SheetRow) -> bool {
    if line.act.phase != ActPhase::Begun || line.time_ms.abs_diff(sheet.loaded_at_ms) > CLOCKS_MS.unsigned_abs() {
        return false;
    }
    // What is erased can't be hashed again, and lines of earlier versions have no hash.
    let has_no_hash = line.erased || line.hashes.request.is_empty();
    has_no_hash || requests.iter().any(|request| request_hash(&line.salt, request) == line.hashes.request)
}
