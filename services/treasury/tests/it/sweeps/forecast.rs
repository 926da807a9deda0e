//! The forecast of the prefunded account, and the counts that alerts are made of.
use super::world::{HOUR, TUESDAY, both, rule};
use crate::fixture::{BOOK, Fixture};
use api::treasury::{ExpectReceiptRequest, GetForecastRequest, RailForecast, SweepState};

impl Fixture {
    async fn forecast(&self) -> RailForecast {
        let request = GetForecastRequest { book: BOOK.to_owned() };
        self.client().get_forecast(self.by(request)).await.unwrap().into_inner().forecasts.remove(0)
    }

    /// Available, expected, coming, the forecast and what is missing of it; and what the alert counts.
    async fn seen(&self) -> ([i64; 5], u64) {
        let found = self.forecast().await;
        let [available, expected, coming] = [found.available_minor_units, found.expected_minor_units, found.coming_minor_units];
        let amounts = [available, expected, coming, found.forecast_minor_units, found.forecast_short_minor_units];
        let counts = self.second_service().await.unfinished().await.unwrap();
        (amounts, counts.iter().find(|count| (count.what, count.state) == ("treasury_forecast", "short")).unwrap().count)
    }

    /// How many sweeps are not over, and whether the oldest has a time.
    async fn open(&self) -> (u64, bool) {
        let counts = self.second_service().await.unfinished().await.unwrap();
        let open = counts.into_iter().find(|count| (count.what, count.state) == ("treasury_sweep", "open")).unwrap();
        (open.count, open.since_ms.is_some())
    }

    async fn announced(&self, id: &str, minor_units: i64, until: &str) {
        let request = ExpectReceiptRequest {
            book: BOOK.to_owned(),
            expected_id: id.to_owned(),
            leaf: "creators".to_owned(),
            min_minor_units: minor_units,
            max_minor_units: 5_000,
            from_date: "2031-11-20".to_owned(),
            until_date: until.to_owned(),
            source: "a processor".to_owned(),
        };
        self.client().expect_receipt(self.by(request)).await.unwrap();
    }
}

#[tokio::test]
async fn an_account_is_short_until_enough_is_there_expected_or_coming() {
    for fixture in both(&[rule("daily", "target")], TUESDAY).await {
        fixture.has_now("prefund", 300).await;
        assert_eq!(fixture.seen().await, ([300, 0, 0, 300, 700], 1));
        // What may still come after the next funding, on this day at six, is not counted on.
        fixture.announced("later", 900, "2031-11-26").await;
        assert_eq!(fixture.seen().await, ([300, 0, 0, 300, 700], 1));
        fixture.announced("today", 200, "2031-11-25").await;
        assert_eq!(fixture.seen().await, ([300, 200, 0, 500, 500], 1));
        fixture.has_now("reserve", 5_000).await;
        assert_eq!(fixture.open().await, (0, false));
        let sweep = fixture.swept().await;
        assert_eq!(fixture.seen().await, ([300, 200, 700, 1_200, 0], 0), "it is on its way");
        assert_eq!(fixture.open().await, (1, true));
        fixture.mark(&sweep, SweepState::Debited).await;
        assert_eq!(fixture.seen().await, ([300, 200, 700, 1_200, 0], 0));
        fixture.mark(&sweep, SweepState::Credited).await;
        assert_eq!(fixture.seen().await, ([1_000, 200, 0, 1_200, 0], 0));
        assert_eq!(fixture.open().await, (0, false));
        // The receipt of yesterday did not come, and the one of today is due by the funding.
        fixture.later(20 * HOUR);
        assert_eq!(fixture.seen().await, ([1_000, 900, 0, 1_900, 0], 0));
        fixture.proved().await;
    }
}
