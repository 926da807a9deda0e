//! Money that comes: on its leaf, or unallocated with its number kept; and what was announced.
use crate::{
    fixture::{BOOK, Fixture, both},
    migration::{file, tree},
};
use api::{
    treasury::{
        ExpectReceiptRequest, ExpectReceiptResponse, OldAccountState, Receipt, ReceiptAllocation, RecordReceiptRequest,
        RecordReceiptResponse,
    },
    r#type::Money,
};
use identity::Role;
use testbed::Fault;
use tonic::{Response, Status};

/// Numbers of the leaf `live-costs`: one that is in use, and one that ended.
const NUMBERS: &str = r#"
[[leaf]]
id = "live-costs"
parent = "central"
name = "Costs of an app"
entity = "main"
[[leaf.number]]
iban = "DE89370400440532013000"
holder = "A company"
from = "2026-01-01"
[[leaf.number]]
iban = "FR7630006000011234567890189"
holder = "A company"
from = "2026-01-01"
until = "2026-06-30"
"#;

/// What came, by a new id.
pub fn came(account: &str, number: &str, minor_units: i64) -> RecordReceiptRequest {
    RecordReceiptRequest {
        book: BOOK.to_owned(),
        receipt_id: testbed::new_id(),
        account: account.to_owned(),
        number: number.to_owned(),
        amount: Some(Money { currency_code: "USD".to_owned(), minor_units }),
        value_date: "2026-11-20".to_owned(),
        payer_reference: "Marker Person DE02120300000000202051".to_owned(),
        bank_reference: "B-1".to_owned(),
    }
}

fn announced() -> ExpectReceiptRequest {
    ExpectReceiptRequest {
        book: BOOK.to_owned(),
        expected_id: "settlement:7".to_owned(),
        leaf: "live-costs".to_owned(),
        min_minor_units: 900,
        max_minor_units: 1_100,
        from_date: "2026-11-15".to_owned(),
        until_date: "2026-11-25".to_owned(),
        source: "a processor's settlement".to_owned(),
    }
}

fn reason(status: &Status) -> String {
    rpc::reason(status).unwrap_or_else(|| status.to_string())
}

impl Fixture {
    pub async fn received(&self, request: RecordReceiptRequest) -> Result<RecordReceiptResponse, Status> {
        let request = self.bed.unexplained("statements", Role::Service, &[BOOK], request);
        self.client().record_receipt(request).await.map(Response::into_inner)
    }

    async fn receipt(&self, account: &str, number: &str, minor_units: i64) -> Receipt {
        self.received(came(account, number, minor_units)).await.unwrap().receipt.unwrap()
    }

    async fn announce(&self, request: ExpectReceiptRequest) -> Result<ExpectReceiptResponse, Status> {
        self.client().expect_receipt(self.by(request)).await.map(Response::into_inner)
    }

    async fn booked_on(&self, leaf: &str) -> i64 {
        self.ledger().await.get(&format!("house/main/virtual_account/{leaf}/USD")).copied().unwrap_or_default()
    }
}

#[tokio::test]
async fn what_comes_is_on_the_leaf_of_its_number_and_unallocated_with_the_number_if_none_has_it() {
    for fixture in both().await {
        fixture.change(&tree()).await.unwrap();
        fixture.change(NUMBERS).await.unwrap();
        let one = fixture.receipt("central", "DE89 3704 0044 0532 0130 00", 500).await;
        assert_eq!((one.leaf.as_str(), one.allocation(), one.payer.as_str()), ("live-costs", ReceiptAllocation::Number, "…2051"));
        let ended = fixture.receipt("central", "FR7630006000011234567890189", 70).await;
        assert_eq!((ended.leaf.as_str(), ended.allocation()), ("central-unallocated", ReceiptAllocation::ClosedNumber));
        assert_eq!(ended.number, "FR7630006000011234567890189", "the old number is kept");
        for number in ["", "7001-0001-22", "what?"] {
            let unknown = fixture.receipt("central", number, 10).await;
            assert_eq!(
                (unknown.leaf.as_str(), unknown.allocation()),
                ("central-unallocated", ReceiptAllocation::UnknownNumber),
                "{number}"
            );
        }
        assert_eq!((fixture.booked_on("live-costs").await, fixture.booked_on("central-unallocated").await), (500, 100));
        assert_eq!(fixture.ledger().await["house/main/physical_cash/central/USD"], -600, "leaves are cash");
    }
}

#[tokio::test]
async fn a_receipt_is_booked_once_and_its_id_is_for_nothing_else() {
    for fixture in both().await {
        fixture.change(&tree()).await.unwrap();
        fixture.change(NUMBERS).await.unwrap();
        let request = came("central", "DE89370400440532013000", 500);
        fixture.bed.fault.fail(Fault::AnswerLost);
        assert_eq!(reason(&fixture.received(request.clone()).await.unwrap_err()), "OUTCOME_UNKNOWN");
        fixture.bed.fault.fail(Fault::None);
        // The number ends meanwhile: what was decided stays.
        let ended = NUMBERS.replacen("from = \"2026-01-01\"\n", "from = \"2026-01-01\"\nuntil = \"2026-11-19\"\n", 1);
        fixture.change(&ended).await.unwrap();
        let first = fixture.received(request.clone()).await.unwrap();
        assert_eq!((first.replayed, first.receipt.as_ref().unwrap().leaf.as_str()), (false, "live-costs"));
        let again = fixture.received(request.clone()).await.unwrap();
        assert_eq!((again.replayed, again.receipt), (true, first.receipt));
        assert_eq!(fixture.booked_on("live-costs").await, 500);
        let other = RecordReceiptRequest { amount: Some(Money { currency_code: "USD".to_owned(), minor_units: 501 }), ..request.clone() };
        let status = fixture.received(other).await.unwrap_err();
        assert_eq!(status.code(), tonic::Code::InvalidArgument);
        assert!(reason(&status) == "REQUEST_ID_REUSED" && status.message().contains("amount"), "{}", status.message());
        let euros = RecordReceiptRequest {
            receipt_id: testbed::new_id(),
            amount: Some(Money { currency_code: "EUR".to_owned(), minor_units: 5 }),
            ..request.clone()
        };
        assert_eq!(reason(&fixture.received(euros).await.unwrap_err()), "CURRENCY_UNSUPPORTED");
        let nowhere = RecordReceiptRequest { receipt_id: testbed::new_id(), account: "nowhere".to_owned(), ..request.clone() };
        assert_eq!(reason(&fixture.received(nowhere).await.unwrap_err()), "RECEIVING_ACCOUNT_UNKNOWN");
        let wrong = RecordReceiptRequest { amount: None, value_date: "today".to_owned(), ..request };
        assert_eq!(reason(&fixture.received(wrong).await.unwrap_err()), "MALFORMED");
        assert_eq!(fixture.booked_on("live-costs").await, 500);
    }
}

#[tokio::test]
async fn receipts_on_old_numbers_go_to_the_mapped_leaf_are_reported_and_open_a_closed_account() {
    for fixture in both().await {
        fixture.change(&tree()).await.unwrap();
        fixture.import_old(&file(3)).await;
        fixture.old_moved(&testbed::new_id(), &[]).await.unwrap();
        // The bank redirects the number of the first, and books on the third itself.
        let redirected = fixture.receipt("central", "000003", 40).await;
        assert_eq!((redirected.leaf.as_str(), redirected.allocation()), ("live-costs", ReceiptAllocation::OldNumber));
        let at_old = fixture.receipt("old-3", "000003", 60).await;
        assert_eq!((at_old.leaf.as_str(), at_old.allocation()), ("live-costs", ReceiptAllocation::OldAccount));
        let report = fixture.report().await;
        let third = report.accounts.iter().find(|account| account.id == "old-3").unwrap();
        assert_eq!((third.receipt_count, third.receipt_minor_units, third.balance_minor_units), (2, 100, 60));
        assert_eq!((third.last_receipt_date.as_str(), third.last_payer.as_str()), ("2026-11-20", "…2051"));
        assert_eq!((report.summaries[0].receipt_count, report.summaries[0].receipt_minor_units), (2, 100));
        let before = fixture.booked_on("live-costs").await;
        fixture.old_moved(&testbed::new_id(), &["old-3"]).await.unwrap();
        assert_eq!(fixture.booked_on("live-costs").await, before + 60);
        fixture.days_later(200);
        let close = api::treasury::CloseOldAccountsRequest { book: BOOK.to_owned(), account_ids: Vec::new() };
        assert_eq!(fixture.client().close_old_accounts(fixture.by(close)).await.unwrap().into_inner().closed_count, 3);
        let late = fixture.receipt("central", "000003", 5).await;
        assert_eq!((late.leaf.as_str(), late.allocation()), ("central-unallocated", ReceiptAllocation::ClosedNumber));
        fixture.receipt("old-3", "000003", 6).await;
        let third = fixture.report().await.accounts.into_iter().find(|account| account.id == "old-3").unwrap();
        assert_eq!((third.state(), third.balance_minor_units, third.receipt_count), (OldAccountState::Open, 6, 4));
        let postings = fixture.assert_rows_are_postings().await;
        assert_eq!(["treasury.receipt", "treasury.migration", "treasury.move"].map(|kind| postings[kind]), [4, 3, 4]);
    }
}

#[tokio::test]
async fn what_is_announced_is_found_by_the_receipt_that_fits_and_its_id_is_for_nothing_else() {
    for fixture in both().await {
        fixture.change(&tree()).await.unwrap();
        fixture.change(NUMBERS).await.unwrap();
        let first = fixture.announce(announced()).await.unwrap();
        assert_eq!((first.replayed, first.expected_receipt.as_ref().unwrap().currency_code.as_str()), (false, "USD"));
        assert!(fixture.announce(announced()).await.unwrap().replayed);
        let other = ExpectReceiptRequest { max_minor_units: 1_101, ..announced() };
        assert_eq!(reason(&fixture.announce(other).await.unwrap_err()), "EXPECTED_RECEIPT_EXISTS");
        let later = ExpectReceiptRequest { expected_id: "settlement:8".to_owned(), until_date: "2026-11-26".to_owned(), ..announced() };
        fixture.announce(later).await.unwrap();
        assert_eq!(fixture.receipt("central", "DE89370400440532013000", 1_101).await.expected_id, "", "too much");
        assert_eq!(
            fixture.receipt("central", "DE89370400440532013000", 1_000).await.expected_id,
            "settlement:7",
            "the one that ends first"
        );
        assert_eq!(fixture.receipt("central", "DE89370400440532013000", 1_000).await.expected_id, "settlement:8", "each comes once");
        assert_eq!(fixture.receipt("central", "DE89370400440532013000", 1_000).await.expected_id, "");
        assert_ne!(fixture.announce(announced()).await.unwrap().expected_receipt.unwrap().receipt_id, "", "it came");
        let unknown = ExpectReceiptRequest { expected_id: "x".to_owned(), leaf: "nowhere".to_owned(), ..announced() };
        assert_eq!(reason(&fixture.announce(unknown).await.unwrap_err()), "LEAF_UNKNOWN");
        for wrong in [
            ExpectReceiptRequest { expected_id: "has blanks".to_owned(), ..announced() },
            ExpectReceiptRequest { min_minor_units: 0, ..announced() },
            ExpectReceiptRequest { max_minor_units: 5, ..announced() },
            ExpectReceiptRequest { until_date: "2026-11-14".to_owned(), ..announced() },
            ExpectReceiptRequest { until_date: "2028-11-14".to_owned(), ..announced() },
            ExpectReceiptRequest { source: String::new(), ..announced() },
        ] {
            assert_eq!(reason(&fixture.announce(wrong).await.unwrap_err()), "MALFORMED");
        }
        let end = |state: &str| {
            format!(
                "[[leaf]]\nid = \"chat-costs\"\nparent = \"central\"\nname = \"Costs of an app\"\nentity = \"main\"\nstate = \"{state}\"\n"
            )
        };
        fixture.change(&end("pending_close")).await.unwrap();
        fixture.change(&end("closed")).await.unwrap();
        let closed = ExpectReceiptRequest { expected_id: "y".to_owned(), leaf: "chat-costs".to_owned(), ..announced() };
        assert_eq!(reason(&fixture.announce(closed).await.unwrap_err()), "LEAF_CLOSED");
    }
}
