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

/// The sheets of one page after a number that are not as somebody loaded them, and the number of the last one that was read; `None` after the last sheet.
pub(super) async fn unloaded(
    sheets: &purchase::tables::Store,
    acts: &support::tables::Store,
    (book, after): (&BookName, i64),
) -> Result<(Vec<String>, Option<i64>), ReadFault> {
    let page = sheets.sheets_after(book, after, SHEETS).await?;
    let mut problems = Vec::new();
    for sheet in &page {
        if let Some(column) = sheet_damage(sheet) {
            problems.push(format!("price sheet {}, version {}: {column} contradicts its bytes", sheet.sheet_no, sheet.version));
        } else if !is_loaded(acts, book, sheet).await? {
            let SheetRow { sheet_no, version, loaded_by, .. } = sheet;
            problems.push(format!(
                "price sheet {sheet_no}, version {version}: the audit log has no LoadPriceSheet of these bytes by {loaded_by}"
            ));
        }
    }
    Ok((problems, page.last().map(|last| last.sheet_no)))
}

/// All sheets of a book, where both services have their tables in this database.
pub(super) async fn all(database: &Database, book: &BookName) -> Result<Vec<String>, ReadFault> {
    if !exists(database, Service::Purchase).await? || !exists(database, Service::Support).await? {
        return Ok(Vec::new());
    }
    let (sheets, acts) = (purchase::tables::Store::open(database).await?, support::tables::Store::open(database).await?);
    let (mut problems, mut after) = (Vec::new(), Some(0));
    while let Some(number) = after.filter(|_| problems.len() < REPORTED_MAX) {
        let (found, next) = unloaded(&sheets, &acts, (book, number)).await?;
        problems.extend(found);
        after = next;
    }
    problems.truncate(REPORTED_MAX);
    Ok(problems)
}

/// Whether a line of the audit log says that the person who is named asked for this sheet.
async fn is_loaded(acts: &support::tables::Store, book: &BookName, sheet: &SheetRow) -> Result<bool, ReadFault> {
    let asked = |book: String| LoadPriceSheetRequest { book, content: sheet.content.clone() }.encode_to_vec();
    // A request need not name the only book of its token.
    let requests = [asked(book.to_string()), asked(String::new())];
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

fn asks_for(line: &ActRecord, requests: &[Vec<u8>; 2], sheet: &SheetRow) -> bool {
    let begins = line.act.phase == ActPhase::Begun;
    // What is erased can't be hashed again, and lines of earlier versions have no hash.
    if line.erased || line.hashes.request.is_empty() {
        return begins && line.time_ms <= sheet.loaded_at_ms;
    }
    begins && requests.iter().any(|request| request_hash(&line.salt, request) == line.hashes.request)
}
