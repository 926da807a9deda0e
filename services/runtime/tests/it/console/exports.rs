//! Exports: every one by every role, that they are the view and all of it, and what is in their cells.
use super::{Browser, browser::Got, house, pages::with_history, signed_in};
use crate::blocked::{by, new_id};
use api::{
    ledger::{ListEntriesRequest, ledger_service_client::LedgerServiceClient},
    support::{
        Adjustment, AdjustmentTransfer, ApproveRequest, ProposeRequest, propose_request::Act, support_service_client::SupportServiceClient,
    },
};
use identity::{Role, Service};
use runtime::Runtime;

/// The account that is exported.
const GIVES: &str = "house/accrued_creator_liability/USD";

/// Every export, and what sam (support), fay (finance), aud (auditor) and ann (admin) get: the status before and after they gave a reason.
const EXPORTS: [(&str, [(u16, u16); 4]); 6] = [
    ("/accounts.csv?book=demo&account=house/coins/issued", [(428, 200); 4]),
    ("/accounts.csv?book=demo", [(400, 400); 4]),
    ("/trial-balance.csv?book=demo", [(200, 200); 4]),
    ("/payments.csv?book=demo", [(428, 200); 4]),
    ("/acts.csv?book=demo", [(428, 403), (428, 403), (428, 200), (428, 200)]),
    ("/acts.csv", [(428, 403), (428, 403), (428, 200), (428, 200)]),
];

/// The lines of a file, each with its cells, as a spreadsheet reads them.
fn lines(text: &str) -> Vec<Vec<String>> {
    let (mut lines, mut line, mut cell, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match (character, quoted) {
            ('"', true) if characters.peek() == Some(&'"') => cell.push(characters.next().unwrap()),
            ('"', _) => quoted = !quoted,
            (',', false) => line.push(std::mem::take(&mut cell)),
            ('\r', false) => {}
            ('\n', false) => {
                line.push(std::mem::take(&mut cell));
                lines.push(std::mem::take(&mut line));
            }
            (other, _) => cell.push(other),
        }
    }
    assert!(line.is_empty() && cell.is_empty() && !quoted, "the last line ends");
    lines
}

/// The rows of a whole file; its first line, its names of columns and its last line are checked.
fn rows(got: &Got, path: &str) -> Vec<Vec<String>> {
    assert_eq!(got.status, 200, "{}", got.text);
    assert_eq!(got.headers["content-type"], "text/csv; charset=utf-8; header=absent");
    assert!(got.headers["content-disposition"].to_str().unwrap().starts_with("attachment; filename=\"largesse-"));
    let mut all = lines(&got.text);
    let first = all.remove(0);
    assert_eq!([&first[0], &first[2], &first[4], &first[6]], ["view", "moment", "sequence", "hash"], "{first:?}");
    assert!(first[1].starts_with(path) && first[3].contains('T') && first.len() == 8, "{first:?}");
    let columns = all.remove(0);
    let last = all.pop().unwrap();
    assert_eq!(last, ["end", "complete", "rows", &all.len().to_string()]);
    assert!(all.iter().all(|row| row.len() == columns.len()), "{columns:?}");
    for text in all.iter().flatten() {
        let number = text.parse::<f64>().is_ok();
        assert!(number || !text.starts_with(['=', '+', '-', '@', '\t', '\r']), "{text:?} is a formula");
    }
    all
}

/// Posts so many times sixty transfers, of 1 to 60 minor units, that two people want.
async fn post(house: &Runtime, times: usize) {
    let mut support = SupportServiceClient::new(house.transport_for(Service::Support).unwrap());
    for _ in 0..times {
        let transfer =
            |amount| AdjustmentTransfer { debit_account: GIVES.to_owned(), credit_account: "creator/ana/payable/USD".to_owned(), amount };
        let act = Some(Act::Adjustment(Adjustment { transfers: (1..=60).map(transfer).collect() }));
        let propose = ProposeRequest { request_id: new_id(), book: "demo".to_owned(), act };
        let proposed = support.propose(by(house, "fay", Role::Finance, propose)).await.unwrap().into_inner().proposal.unwrap();
        let approve =
            ApproveRequest { book: "demo".to_owned(), proposal_id: proposed.proposal_id, hash: String::new(), request_id: new_id() };
        support.approve(by(house, "gus", Role::Finance, approve)).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_export_answers_every_role_as_the_table_of_access_says() {
    let dir = tempfile::tempdir().unwrap();
    let house = house(dir.path()).await;
    with_history(&house).await;
    for (at, person) in ["sam", "fay", "aud", "ann"].into_iter().enumerate() {
        let mut browser = signed_in(&house, person).await;
        for (export, statuses) in EXPORTS {
            assert_eq!(browser.get(export).await.status, statuses[at].0, "{person} {export}");
        }
        browser.explain("ticket+4711").await;
        for (export, statuses) in EXPORTS {
            let got = browser.get(export).await;
            assert_eq!(got.status, statuses[at].1, "{person} {export}: {}", got.text);
            if got.status == 200 {
                rows(&got, export.split(".csv").next().unwrap());
            }
        }
        for bad in ["/payments.csv?kind=none", "/payments.csv?from=yesterday", "/accounts.csv?account=house/coins/issued&until=yesterday"] {
            assert_eq!(browser.get(bad).await.status, 400, "{bad}");
        }
        assert_eq!(browser.get("/trial-balance.csv?book=unknown").await.status, 404);
        assert_eq!(
            browser.get("/accounts.csv?book=demo&account=viewer/nobody/coins").await.status,
            404,
            "an unknown account has no statement"
        );
    }
    let mut nobody = Browser::new(&house.console_url().unwrap());
    for (export, _) in EXPORTS {
        assert_eq!(nobody.get(export).await.status, 303, "{export}");
    }
    house.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_is_all_entries_of_the_view_and_of_its_moment() {
    let dir = tempfile::tempdir().unwrap();
    let house = house(dir.path()).await;
    post(&house, 8).await;
    let mut browser = signed_in(&house, "fay").await;
    browser.explain("quarter+end").await;
    let got = browser.get("/accounts.csv?book=demo&account=house/accrued_creator_liability/USD&page=ignored").await;
    let first = lines(&got.text).remove(0);
    assert_eq!(first[1], "/accounts?book=demo&account=house%2Faccrued_creator_liability%2FUSD");
    assert!(first[5].parse::<i64>().unwrap() > 0 && first[7].len() == 64, "the head of the chain: {first:?}");
    let exported = rows(&got, "/accounts");
    // Several calls' worth of rows, each the ledger's.
    assert_eq!(exported.len(), 480);
    let mut ledger = LedgerServiceClient::new(house.service_transport_for(Service::Ledger, "test").unwrap());
    let (mut listed, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = ListEntriesRequest { book: "demo".into(), account: GIVES.into(), page_size: 7, page_token, ..Default::default() };
        let answer = ledger.list_entries(request).await.unwrap().into_inner();
        listed.extend(answer.entries);
        page_token = answer.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    for (row, entry) in exported.iter().zip(&listed) {
        let transfer = entry.transfer.as_ref().unwrap();
        let decimal = |minor: i64| format!("{}{}.{:02}", if minor < 0 { "-" } else { "" }, minor.abs() / 100, minor.abs() % 100);
        let amounts = [decimal(transfer.amount), String::new(), decimal(entry.balance_after)];
        assert_eq!((&row[4..7], &row[9], &row[10]), (&amounts[..], &entry.seq.to_string(), &entry.posting_id), "{row:?}");
    }
    assert_eq!(listed.len(), exported.len());
    // Its own filter, and nothing else.
    let none = browser.get("/accounts.csv?book=demo&account=house/accrued_creator_liability/USD&until=2001-01-01").await;
    assert_eq!(rows(&none, "/accounts?").len(), 0);
    let sums = rows(&browser.get("/trial-balance.csv?book=demo").await, "/trial-balance");
    let found = sums.iter().find(|row| row[0] == GIVES).unwrap();
    assert_eq!((found[3].as_str(), found[5].as_str()), ("146.40", "-146.40"), "{found:?}");
    house.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_people_wrote_is_no_formula_and_exports_are_bounded() {
    let dir = tempfile::tempdir().unwrap();
    let house = house(dir.path()).await;
    with_history(&house).await;
    let mut sam = signed_in(&house, "sam").await;
    for reason in ["%3DHYPERLINK(1)", "%2B1234567", "-1%2B1%2Bcmd", "%40SUM(A1:A9)", "plain+%22quoted%22,+with+a+comma"] {
        sam.explain(reason).await;
        assert_eq!(sam.get("/accounts?book=demo&account=viewer/u1/coins").await.status, 200);
    }
    let mut ann = signed_in(&house, "ann").await;
    ann.explain("who+looked").await;
    let log = ann.get("/acts.csv?user=u1").await;
    let log_rows = rows(&log, "/acts");
    for reason in ["'=HYPERLINK(1)", "'+1234567", "'-1+1+cmd", "'@SUM(A1:A9)", "plain \"quoted\", with a comma"] {
        assert!(log_rows.iter().any(|row| row[9] == reason), "{reason}: {}", log.text);
    }
    assert!(!log_rows.iter().any(|row| row[2] == "ann"), "what the export itself looked at came after its moment");
    // The places of streams are those of exports too.
    let mut open = Vec::new();
    for _ in 0..4 {
        open.push(ann.open("/payments/live?book=demo", &[]).await);
    }
    let refused = ann.get("/acts.csv").await;
    assert!(refused.status == 429 && refused.text.contains("You have 4 live pages and exports open"), "{}", refused.text);
    house.shutdown().await;
}
