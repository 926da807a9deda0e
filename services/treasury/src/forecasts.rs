//! Whether physical accounts have enough until they can be funded again.
use crate::{
    domain::forecast::{self, ForecastBase, FundingWindow, Inflow, RailForecast},
    error::Error,
    sweeps::coming,
    treasury::{Treasury, day},
};
use money::time::{moment_us, unix_us};
use rails::HolidayCalendars;

impl Treasury {
    /// A forecast for each row of the settings, in their order. A row for an account that is not in the structure is an error: it would always be short.
    pub async fn forecasts(&self) -> Result<Vec<(&FundingWindow, RailForecast)>, Error> {
        self.post_open().await?;
        let structure = self.structure(None).await?;
        let view = self.view(&structure).await?;
        let (now, calendars) = (moment_us(unix_us((self.clock)())), HolidayCalendars::default());
        let refused = |rule, window: &FundingWindow, why: String| Error::FundsRefused { rule, id: window.account.clone(), why };
        let announced = self.store.all_open_expected(self.book.as_str(), day((self.clock)())).await?;
        let coming = coming(&self.store.open_sweeps(self.book.as_str()).await?);
        let inflow = Inflow { announced: &announced, coming: &coming };
        let mut forecasts = Vec::with_capacity(self.funding.len());
        for window in self.funding.iter() {
            if !structure.accounts.contains_key(&window.account) {
                let why = "is in treasury.funding and no physical account of the structure; correct the settings".to_owned();
                return Err(refused("account", window, why));
            }
            let base = ForecastBase { structure: &structure, view: &view, terms: &self.terms, calendars: &calendars };
            let found = forecast::forecast(base, inflow, window, now);
            let found = found.map_err(|gap| refused("calendar", window, format!("has no next funding for {}: {gap}", window.rail)))?;
            forecasts.push((window, found));
        }
        Ok(forecasts)
    }
}
