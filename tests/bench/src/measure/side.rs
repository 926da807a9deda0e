//! A book with its own server, for rows that compare two servers.

use super::{
    backends::PostgresBackends,
    child::ServerProcess,
    findings::MeasuredRound,
    place::BenchPlace,
    stage::{BenchStage, connect},
};
use crate::{
    load::{crowd::BenchCrowd, users::BenchUsers},
    plan::BenchSlice,
};
use db::Database;
use runtime::command::UntypedError;
use std::{sync::Arc, time::Duration};

/// One of the two sides.
pub(crate) struct BenchSide {
    pub place: BenchPlace,
    pub house: ServerProcess,
    pub users: Arc<BenchUsers>,
    /// The server's settings, also used for restarts.
    pub settings: Vec<String>,
    backends: Option<PostgresBackends>,
    /// Gifts in it before this run.
    pub before: u64,
    pub accepted: u64,
    /// The latest measured SendGift calls per second, by which open loops are paced.
    pub peak: f64,
    /// Peak memory of processes that have ended.
    pub peak_memory_kib: Option<u64>,
}

impl BenchSide {
    pub async fn start(place: BenchPlace, crowd: BenchCrowd, settings: &[String]) -> Result<Self, UntypedError> {
        let house = place.serve(settings).await?;
        let users = Arc::new(BenchUsers::try_new(&place.dir, place.book.clone(), crowd)?);
        let before = users.gifts_in_ledger(&connect(&house, 1).await?[0]).await?;
        let backends = PostgresBackends::connect(&Database::parse(&place.address)?).await?;
        Ok(Self { place, house, users, settings: settings.to_vec(), backends, before, accepted: 0, peak: 0.0, peak_memory_kib: None })
    }

    pub async fn measure(&mut self, slice: BenchSlice, time: Duration) -> Result<MeasuredRound, UntypedError> {
        let stage = BenchStage {
            server: Some(&self.house),
            users: &self.users,
            backends: self.backends.as_ref(),
            disk: &self.place.dir,
            peak: self.peak,
            naive: None,
        };
        let measured = stage.measure(slice, time).await?;
        self.accepted += measured.sample.items + measured.sample.volley.as_ref().map_or(0, |volley| volley.resolved);
        Ok(measured)
    }

    /// The problem, if the ledger's count of gifts differs from ours.
    pub async fn problem(&self) -> Result<Option<String>, UntypedError> {
        let gifts = self.users.gifts_in_ledger(&connect(&self.house, 1).await?[0]).await?;
        let ours = self.before + self.accepted;
        Ok((gifts != ours).then(|| format!("book {}: {ours} gifts were accepted and the ledger has {gifts}", self.users.book)))
    }
}
