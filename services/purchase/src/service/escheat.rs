//! The handler of the report of unclaimed property.

use std::collections::BTreeMap;
use std::time::SystemTime;

use api::purchase::{GetEscheatReportRequest, GetEscheatReportResponse};
use jiff::civil::Date;
use money::time::unix_ms;
use rpc::Violations;
use tonic::{Request, Response, Status};

use super::Handlers;
use crate::error::Error;
use crate::escheat::{self, DormantKey, DormantSums, OwnedLots};
use crate::lots::LotsError;
use crate::sheets;
use crate::wire::escheat as wire;

impl Handlers {
    pub(super) async fn escheat_on(&self, request: Request<GetEscheatReportRequest>) -> Result<Response<GetEscheatReportResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let request = request.into_inner();
        let mut wrong = Violations::default();
        let book = wrong.take(caller.book(&request.book));
        let day = match request.day.as_str() {
            "" => Ok(sheets::day(unix_ms(SystemTime::now()))),
            day => day.parse::<Date>().map_err(|_| rpc::malformed("day", "must be a day such as 2026-11-27, or empty")),
        };
        let (Some(book), Some(day)) = (book, wrong.take(day)) else { return Err(wrong.into_status()) };
        let place = self.lots.catch_up(&book).await.map_err(Error::from)?;
        let mut sums: BTreeMap<DormantKey, DormantSums> = BTreeMap::new();
        let mut next = Some((String::new(), 0));
        // The owner whose lots may go on in the next page.
        let mut open: Option<(String, OwnedLots)> = None;
        while let Some(from) = next {
            let (found, after) = self.purchases.store.lots_by_owner(&book, &from).await.map_err(Error::from)?;
            next = after;
            for (owner, owned) in found {
                match &mut open {
                    Some((known, all)) if *known == owner => all.lots.extend(owned.lots),
                    _ => {
                        add(&mut sums, open.take(), day)?;
                        open = Some((owner, owned));
                    }
                }
            }
        }
        add(&mut sums, open, day)?;
        let rules = &self.purchases.wallet_rules;
        let lines = sums.iter().map(|(key, sums)| wire::line(key, sums, rules.dormancy(&key.market, day))).collect();
        Ok(Response::new(GetEscheatReportResponse { lines, day: day.to_string(), seq: place.journal.seq }))
    }
}

fn add(sums: &mut BTreeMap<DormantKey, DormantSums>, owned: Option<(String, OwnedLots)>, day: Date) -> Result<(), Error> {
    let Some((_, owned)) = owned else { return Ok(()) };
    escheat::add(sums, &owned, day).map_err(|overflow| LotsError::from(overflow).into())
}
