//! A LIVE book converts at the rates that its operator configures and never at the built-in ones.
use crate::fixture::{ask, take};
use api::earnings::{GetEarningsRequest, earnings_service_client::EarningsServiceClient};
use api::ledger::BookMode;
use earnings::{Config, Deps, system_clock};
use identity::Role;
use std::path::PathBuf;
use testbed::{Storage, Testbed, TestbedOptions};
use tokio_util::sync::CancellationToken;

const BOOKS: &[(&str, BookMode)] = &[("live", BookMode::Live), ("test", BookMode::Test)];

async fn over(bed: &Testbed, rate_card: Option<PathBuf>) -> EarningsServiceClient<rpc::Transport> {
    let (ledger, database, shutdown) = (bed.ledger_as("earnings"), bed.database.clone(), CancellationToken::new());
    let deps = Deps { ledger, database, clock: system_clock(), shutdown };
    EarningsServiceClient::new(bed.lay(earnings::start(deps, Config { rate_card }).await.unwrap().routes()))
}

#[tokio::test]
async fn what_is_built_in_is_no_rate_in_a_live_book() {
    let dir = tempfile::tempdir().unwrap();
    let (own, copied) = (dir.path().join("own.toml"), dir.path().join("copied.toml"));
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/rate_card.toml")).unwrap();
    std::fs::write(&copied, text.replace("version = \"", "version = \"ours-")).unwrap();
    std::fs::write(&own, text.replace("\"0.005\"", "\"0.004\"")).unwrap();
    for storage in [Storage::sqlite(), Storage::postgres()] {
        let bed = Testbed::on(storage, TestbedOptions { books: BOOKS, recorded: false }).await;
        bed.post("gift", "house/diamonds/issued", "creator/bob/diamonds", 2_000).await;
        let by = |book: &str, message| bed.unexplained("bob", Role::Creator, &[book], message);
        let request = ask(1_000, "USD");
        for rate_card in [None, Some(copied.clone())] {
            let mut client = over(&bed, rate_card).await;
            let no = client.create_quote(by("live", request.clone())).await.unwrap_err();
            assert_eq!(rpc::reason(&no).as_deref(), Some("LIST_BUILT_IN"), "{no:?}");
            // Requests that need no rate succeed; and a TEST book has rates.
            let earned = bed.unexplained("bob", Role::Creator, &["live"], GetEarningsRequest::default());
            assert_eq!(client.get_earnings(earned).await.unwrap().into_inner().diamonds, 2_000);
            let no = client.create_quote(by("test", ask(1_000, "USD"))).await.unwrap_err();
            assert_eq!(rpc::reason(&no).as_deref(), Some("INSUFFICIENT_FUNDS"), "{no:?}");
        }
        // The same request succeeds once the operator has configured a card, and its quote is kept.
        let mut client = over(&bed, Some(own.clone())).await;
        let quote = client.create_quote(by("live", request.clone())).await.unwrap().into_inner().quote.unwrap();
        assert_eq!(quote.rate, "0.004");
        let mut client = over(&bed, None).await;
        assert!(client.create_quote(by("live", request)).await.unwrap().into_inner().replayed);
        client.accept_quote(bed.unexplained("bob", Role::Creator, &["live"], take(&quote))).await.unwrap();
    }
}
