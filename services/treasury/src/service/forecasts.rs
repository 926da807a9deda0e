//! The RPC about forecasts.
use super::Handlers;
use crate::domain::forecast::{FundingWindow, RailForecast as Found};
use api::treasury::{GetForecastRequest, GetForecastResponse, RailForecast};
use rpc::wire::timestamp;
use tonic::{Request, Status};

impl Handlers {
    pub(super) async fn forecast(&self, request: Request<GetForecastRequest>) -> Result<GetForecastResponse, Status> {
        let caller = rpc::caller(&request)?;
        self.check_book(&caller, &request.get_ref().book)?;
        let forecasts = self.treasury.forecasts().await?;
        Ok(GetForecastResponse { forecasts: forecasts.iter().map(|(window, found)| encoded(window, found)).collect() })
    }
}

fn encoded(window: &FundingWindow, found: &Found) -> RailForecast {
    RailForecast {
        physical_account: window.account.clone(),
        rail: window.rail.clone(),
        cash_minor_units: found.cash,
        in_transit_minor_units: found.in_transit,
        held_minor_units: found.held,
        expected_minor_units: found.expected,
        available_minor_units: found.available,
        minimum_minor_units: window.minimum,
        short_minor_units: found.short,
        sweepable_minor_units: found.sweepable,
        next_funding_time: Some(timestamp(found.next_funding)),
        following_funding_time: Some(timestamp(found.following_funding)),
        coming_minor_units: found.coming,
        forecast_minor_units: found.forecast,
        forecast_short_minor_units: found.forecast_short,
    }
}
