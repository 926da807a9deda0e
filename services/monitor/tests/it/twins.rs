//! The treasury book against an app's: what is taken from either, by hand or by a forged posting, is reported by both audits.
use api::ledger::{BookMode, PostRequest, RequestField, Transfer};
use monitor::{
    CheckResult,
    audit::{self, continuous::ContinuousAudit},
};
use testbed::{Testbed, TestbedOptions, both};

const BANK: &str = "house/bank_cash/USD";
const CASH: &str = "house/main/physical_cash/main-usd/USD";
const LEAF: &str = "house/main/virtual_account/creators/USD";
const CLAIM: &str = "house/app/app_claim/main-usd/USD";
const COVER: &str = "house/main/claim_cover/creators/USD";

/// Posts transfers; returns the posting's sequence number.
async fn post(bed: &Testbed, book: &str, kind: &str, moved: &[(&str, &str, i64)], fields: &[(&str, String)]) -> i64 {
    let transfers = moved.iter().map(|(debit, credit, amount)| Transfer {
        debit_account: (*debit).to_owned(),
        credit_account: (*credit).to_owned(),
        amount: *amount,
        ..Transfer::default()
    });
    let fields = fields.iter().map(|(name, value)| RequestField { name: (*name).to_owned(), value: value.clone() });
    let request = PostRequest {
        book: book.to_owned(),
        request_id: testbed::new_id(),
        kind: kind.to_owned(),
        transfers: transfers.collect(),
        request_fields: fields.collect(),
        ..PostRequest::default()
    };
    bed.client().post(request).await.unwrap().into_inner().posting.unwrap().seq
}

async fn twin(bed: &Testbed, seq: i64, amount: i64) {
    let fields = [("app_book", "app".to_owned()), ("app_account", BANK.to_owned()), ("app_seq", seq.to_string())];
    let moved = match amount > 0 {
        true => [(CASH, LEAF, amount), (CLAIM, COVER, amount)],
        false => [(LEAF, CASH, -amount), (COVER, CLAIM, -amount)],
    };
    post(bed, "treasury", "treasury.twin", &moved, &fields).await;
}

/// The problems that both audits find of the treasury book, which must agree on whether there are any.
async fn problems(bed: &Testbed) -> String {
    let report = audit::audit(&bed.database, None).await.unwrap();
    let found = report.books.into_iter().find(|found| found.ledger.book == "treasury").unwrap();
    let whole: Vec<String> = found.problems.into_iter().filter(|problem| !problem.contains("was approved in no proposal")).collect();
    let mut monitor = ContinuousAudit::new(bed.database.clone(), None, monitor::Config::default());
    let looked = monitor.look().await.unwrap();
    let check = &looked.books["treasury"].checks.iter().find(|(name, _)| *name == "twins").unwrap().1;
    match check {
        CheckResult::Passed => assert_eq!(whole, Vec::<String>::new()),
        CheckResult::Failed(why) => assert_eq!(*why, whole.join("; ")),
        other => panic!("{other:?}"),
    }
    whole.join("; ")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_treasury_book_that_is_not_the_apps_is_reported() {
    for storage in both() {
        let books: &[(&str, BookMode)] = &[("app", BookMode::Test), ("treasury", BookMode::Test)];
        let bed = Testbed::on(storage, TestbedOptions { books, recorded: false }).await;
        let first = post(&bed, "app", "adjustment", &[(BANK, "house/treasury/USD", 1_000)], &[]).await;
        assert_eq!(problems(&bed).await, "");
        twin(&bed, first, 1_000).await;
        let second = post(&bed, "app", "payout.settle", &[("house/in_transit/USD", BANK, 300)], &[]).await;
        assert_eq!(problems(&bed).await, "", "a twin that is late is the treasury service's to name");
        twin(&bed, second, -300).await;
        assert_eq!(problems(&bed).await, "");
        for (debit, credit, said) in [
            (LEAF, CASH, "covers claims, and -50 were booked on it by hand"),
            (COVER, CLAIM, "add up to 650, and at event"),
            (CASH, "house/suspense/USD", "all leaves add up to 700 USD, and the cash at and between banks to 750"),
        ] {
            post(&bed, "treasury", "adjustment", &[(debit, credit, 50)], &[]).await;
            let found = problems(&bed).await;
            assert!(found.contains(said), "{debit} to {credit}: {found}");
            post(&bed, "treasury", "adjustment", &[(credit, debit, 50)], &[]).await;
            assert_eq!(problems(&bed).await, "", "corrected");
        }
        // A twin of nothing, one posted twice, and one of another amount.
        let third = post(&bed, "app", "payout.settle", &[("house/in_transit/USD", BANK, 20)], &[]).await;
        twin(&bed, third, -25).await;
        assert!(problems(&bed).await.contains("add up to 675"), "{}", problems(&bed).await);
        twin(&bed, third, 5).await;
        assert!(problems(&bed).await.contains("does not follow the account's twin before it"));
        twin(&bed, third + 100, 1).await;
        assert!(problems(&bed).await.contains(&format!("no posting on {BANK} at event {}", third + 100)));
        bed.ledger.shutdown().await;
    }
}
