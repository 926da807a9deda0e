//! Quotes that nobody accepted are deleted in time, and accepted ones never.
use crate::fixture::{ask, both, take};
use api::earnings::GetQuoteRequest;
use identity::Role;
use std::time::{Duration, SystemTime};

#[tokio::test]
async fn a_quote_that_nobody_accepted_is_forgotten_and_one_that_was_is_not() {
    for fixture in both().await {
        fixture.give("bob", 2_000).await;
        let (used, _) = fixture.quote("bob", ask(1_000, "USD")).await.unwrap();
        fixture.accept("bob", take(&used)).await.unwrap();
        let (unused, _) = fixture.quote("bob", ask(1_000, "USD")).await.unwrap();
        let days = |days: u64| SystemTime::now() + Duration::from_secs(days * 86_400);
        assert_eq!(fixture.service.prune_quotes(days(29)).await.unwrap(), 0);
        assert_eq!(fixture.service.prune_quotes(days(31)).await.unwrap(), 1);
        let get = async |quote_id: &str| {
            let message = GetQuoteRequest { quote_id: quote_id.to_owned(), ..Default::default() };
            fixture.earnings().get_quote(fixture.by("bob", Role::Creator, message)).await.map(drop)
        };
        get(&used.quote_id).await.unwrap();
        assert_eq!(rpc::reason(&get(&unused.quote_id).await.unwrap_err()).as_deref(), Some("QUOTE_UNKNOWN"));
        fixture.verify().await;
    }
}
