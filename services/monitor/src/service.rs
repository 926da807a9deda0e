//! The RPC.
use crate::health::{CheckHistory, CheckResult, Health, HealthOfBook};
use api::monitor::{
    BookHealth, CheckOutcome, GetHealthOfMoneyRequest, GetHealthOfMoneyResponse, HealthCheck, monitor_service_server::MonitorService,
};
use identity::BookScope;
use money::BookName;
use prost_types::Timestamp;
use std::sync::{Arc, PoisonError, RwLock};
use tonic::{Code, Request, Response, Status};

/// The tonic service.
#[derive(Clone)]
pub struct Handlers {
    pub(crate) health: Arc<RwLock<Health>>,
}

#[tonic::async_trait]
impl MonitorService for Handlers {
    async fn get_health_of_money(&self, request: Request<GetHealthOfMoneyRequest>) -> Result<Response<GetHealthOfMoneyResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let name = request.into_inner().book;
        let asked = if name.is_empty() { None } else { Some(caller.book(&name)?) };
        let health = self.health.read().unwrap_or_else(PoisonError::into_inner).clone();
        let books = &caller.principal.books;
        let shown = |name: &str| match &asked {
            Some(asked) => asked.as_str() == name,
            None => BookName::try_new(name).is_ok_and(|name| books.covers(&name)),
        };
        let found: Vec<(&String, &HealthOfBook)> = health.books.iter().filter(|(name, _)| shown(name)).collect();
        if let (Some(asked), true) = (&asked, found.is_empty()) {
            let why = "the audit has not found this book".to_owned();
            return Err(rpc::refused(Code::NotFound, "BOOK_UNKNOWN", why, &[("book", asked.to_string())]));
        }
        // The installation's own checks are shown only to callers who may see all books.
        let whole = asked.is_none() && matches!(books, BookScope::All);
        let checks = if whole { checks(&health.checks) } else { Vec::new() };
        let healthy = if whole {
            health.is_healthy()
        } else {
            health.fault.is_none() && !found.is_empty() && found.iter().all(|(_, book)| book.is_healthy())
        };
        Ok(Response::new(GetHealthOfMoneyResponse {
            healthy,
            books: found.into_iter().map(|(name, found)| book(name, found)).collect(),
            checks,
            last_run_time: health.looked_at.map(Timestamp::from),
        }))
    }
}

fn book(name: &str, found: &HealthOfBook) -> BookHealth {
    BookHealth {
        book: name.to_owned(),
        healthy: found.is_healthy(),
        checked_seq: found.checked_seq,
        checked_commit_time: (found.checked_time > 0).then(|| rpc::wire::timestamp_us(found.checked_time)),
        events_behind: found.behind,
        checks: checks(&found.checks),
    }
}

fn checks(found: &crate::health::ChecksByName) -> Vec<HealthCheck> {
    found.iter().map(|(name, found)| check(name, found)).collect()
}

fn check(name: &str, found: &CheckHistory) -> HealthCheck {
    let (outcome, detail) = match &found.outcome {
        CheckResult::Passed => (CheckOutcome::Passed, String::new()),
        CheckResult::Noted(what) => (CheckOutcome::Passed, what.clone()),
        CheckResult::Failed(why) => (CheckOutcome::Failed, why.clone()),
        CheckResult::Pending(why) => (CheckOutcome::Pending, why.clone()),
        CheckResult::NotCompared(why) => (CheckOutcome::NotCompared, (*why).to_owned()),
    };
    HealthCheck { name: name.to_owned(), outcome: outcome.into(), detail, last_passed_time: found.held_at.map(Timestamp::from) }
}
