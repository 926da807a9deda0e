//! A book and a house of its own that serves it, for rows that compare two houses.

use super::{
    backends::Backends,
    child::Child,
    findings::Measured,
    place::BenchPlace,
    stage::{Stage, connect},
};
use crate::{
    Fault,
    load::{crowd::Crowd, users::Users},
    plan::Slice,
};
use db::Database;
use std::{sync::Arc, time::Duration};

/// One of the two.
pub(crate) struct BenchSide {
    pub place: BenchPlace,
    pub house: Child,
    pub users: Arc<Users>,
    /// What the house was started with, and is again.
    pub settings: Vec<String>,
    backends: Option<Backends>,
    /// Gifts in it before this run.
    pub before: u64,
    pub accepted: u64,
    /// SendGift calls per second that the house was last seen to answer, for open loops.
    pub peak: f64,
    /// Of processes that have ended.
    pub peak_memory_kib: Option<u64>,
}

impl BenchSide {
    pub async fn start(place: BenchPlace, crowd: Crowd, settings: &[String]) -> Result<Self, Fault> {
        let house = place.serve(settings).await?;
        let users = Arc::new(Users::try_new(&place.dir, place.book.clone(), crowd)?);
        let before = users.gifts_in_ledger(&connect(&house, 1).await?[0]).await?;
        let backends = Backends::connect(&Database::parse(&place.address)?).await?;
        Ok(Self { place, house, users, settings: settings.to_vec(), backends, before, accepted: 0, peak: 0.0, peak_memory_kib: None })
    }

    pub async fn measure(&mut self, slice: Slice, time: Duration) -> Result<Measured, Fault> {
        let stage = Stage {
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

    /// What the ledger's own count of gifts holds against ours.
    pub async fn problem(&self) -> Result<Option<String>, Fault> {
        let gifts = self.users.gifts_in_ledger(&connect(&self.house, 1).await?[0]).await?;
        let ours = self.before + self.accepted;
        Ok((gifts != ours).then(|| format!("book {}: {ours} gifts were accepted and the ledger has {gifts}", self.users.book)))
    }
}
