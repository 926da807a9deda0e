//! Personal data reaches the bank and nothing else: no logs, spans, metrics, errors, journal, or unencrypted tables.
use crate::fleets::{book, databases, options};
use api::{
    payout::{AbaAccount, CreateBeneficiaryRequest, create_beneficiary_request::Account},
    purchase::{GetWalletRequest, RedeemPurchaseRequest, redeem_purchase_request::Receipt},
};
use demo::{
    fleet::Fleet,
    installation::{Installation, authorised, explained},
    shop::Shop,
};
use identity::Role;
use identity::Service;
use testbed::collector::OtlpCollector;
use tonic::Status;
use uuid::Uuid;

/// Markers planted as name, account number, IBAN, receipt and reason: 12 characters or more, so that none occurs by chance.
const HOLDER: &str = "Zerlina Quxmarker";
const ACCOUNT: &str = "710293847561";
const IBAN: &str = "DE00QUXMARKERIBAN0";
const RECEIPT: &str = "quxmarker.receipt.signature";
const REASON: &str = "quxmarker wrote to us about it";
const MARKERS: [&str; 6] = [HOLDER, "Quxmarker", ACCOUNT, IBAN, RECEIPT, "quxmarker"];

fn beneficiary(holder: &str, account: Account) -> CreateBeneficiaryRequest {
    CreateBeneficiaryRequest {
        request_id: Uuid::now_v7().to_string(),
        holder_name: holder.to_owned(),
        account: Some(account),
        ..Default::default()
    }
}

fn aba(routing_number: &str, account_number: &str) -> Account {
    Account::Aba(AbaAccount { routing_number: routing_number.to_owned(), account_number: account_number.to_owned(), ..Default::default() })
}

/// Every mistake that a person can make about their own data; returns the errors.
async fn mistakes(installation: &Installation) -> Vec<Status> {
    let creator = installation.token("c1", Role::Creator).unwrap();
    let wrong = [
        beneficiary(HOLDER, Account::Iban(IBAN.to_owned())),
        beneficiary(HOLDER, aba("123456789", ACCOUNT)),
        beneficiary(HOLDER, aba("021000021", &ACCOUNT.repeat(4))),
        beneficiary(&HOLDER.repeat(20), aba("021000021", ACCOUNT)),
    ];
    let mut told = Vec::new();
    for request in wrong {
        told.push(installation.payout().create_beneficiary(authorised(request, &creator).unwrap()).await.unwrap_err());
    }
    let viewer = installation.token("u1", Role::Viewer).unwrap();
    let redeem = RedeemPurchaseRequest {
        request_id: Uuid::now_v7().to_string(),
        receipt: Some(Receipt::AppleSignedTransaction(RECEIPT.to_owned())),
        ..Default::default()
    };
    told.push(installation.purchase().redeem_purchase(authorised(redeem, &viewer).unwrap()).await.unwrap_err());
    let staff = installation.token("sue", Role::Support).unwrap();
    let nobody = GetWalletRequest { user_id: "not a key!".into(), ..Default::default() };
    told.push(installation.purchase().get_wallet(explained(nobody, &staff, REASON).unwrap()).await.unwrap_err());
    told
}

fn assert_clean(place: &str, text: &[u8]) {
    for marker in MARKERS {
        let at = text.windows(marker.len()).position(|window| window == marker.as_bytes());
        let around = at.map(|at| String::from_utf8_lossy(&text[at.saturating_sub(200)..text.len().min(at + 200)]).into_owned());
        assert!(around.is_none(), "{marker} in {place}: …{}…", around.unwrap_or_default());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_personal_is_emitted_or_written_down_openly() {
    let databases = databases();
    let (collector, url) = OtlpCollector::start().await;
    let mut options = options(databases.dir.path(), databases.sqlite.clone(), &Service::ALL);
    // Everything that might log too much is enabled.
    options.environment.extend([
        ("OTEL_EXPORTER_OTLP_ENDPOINT".to_owned(), url),
        ("OTEL_TRACES_SAMPLER_ARG".to_owned(), "1".to_owned()),
        (
            "RUST_LOG".to_owned(),
            "info,largesse=trace,rpc=trace,payout=trace,purchase=trace,support=trace,ledger=trace,gift=trace,earnings=trace".to_owned(),
        ),
    ]);
    let fleet = Fleet::start(options).await.unwrap();
    let installation = Installation::of_fleet(&fleet, book()).unwrap();
    Shop::open(&installation).await.unwrap().buy("u1", 1_000).await.unwrap();
    let viewer = installation.token("u1", Role::Viewer).unwrap();
    let request_id = Uuid::now_v7().to_string();
    let gift = api::gift::SendGiftRequest {
        request_id,
        room_id: "r".into(),
        creator_id: "c1".into(),
        gift_id: 5879,
        quantity: 20,
        ..Default::default()
    };
    installation.gift().send_gift(authorised(gift, &viewer).unwrap()).await.unwrap();
    let staff = installation.token("sue", Role::Support).unwrap();
    let look = GetWalletRequest { user_id: "u1".into(), ..Default::default() };
    installation.purchase().get_wallet(explained(look, &staff, REASON).unwrap()).await.unwrap();
    crate::hops::payout::settled_to(&installation, (HOLDER, ACCOUNT), |request| request).await;
    for status in mistakes(&installation).await {
        assert_clean("an error", format!("{status:?}").as_bytes());
        assert_clean("an error's details", status.details());
    }
    let client = http_client::local().build().unwrap();
    for url in fleet.http_urls() {
        assert_clean("metrics", client.get(format!("{url}/metrics")).send().await.unwrap().text().await.unwrap().as_bytes());
    }
    fleet.stop().await.unwrap();
    let exported = collector.all();
    assert!(exported.iter().any(|text| text.contains("CreateBeneficiary")), "nothing was exported");
    for text in exported {
        assert_clean("what a collector got", text.as_bytes());
    }
    let mut logs = 0;
    for entry in std::fs::read_dir(databases.dir.path()).unwrap().map(Result::unwrap) {
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        // The audit log stores their reasons; the pretend banks have to know whom they pay.
        if !path.is_file()
            || ["support.db", "sandbox_bank.db", "sandbox_achbank.db", "sandbox_globalbank.db"].iter().any(|file| name.starts_with(file))
        {
            continue;
        }
        logs += usize::from(name.ends_with(".log"));
        assert_clean(&name, &std::fs::read(&path).unwrap());
    }
    assert!(logs >= 6, "{logs} logs");
}
