//! The pools that a process opened, so that it can close them together.
use sqlx::AnyPool;
use std::sync::{Arc, Mutex, PoisonError};

/// What was opened of a database. Databases with and without it are equal: it is no part of the address.
#[derive(Debug, Clone, Default)]
pub(crate) struct OpenedPools(Option<Arc<Mutex<ServicePools>>>);

/// Pools, each with the service whose tables it has.
pub(crate) type ServicePools = Vec<(&'static str, AnyPool)>;

impl PartialEq for OpenedPools {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for OpenedPools {}

impl OpenedPools {
    /// One that remembers.
    pub(crate) fn tracking() -> Self {
        Self(Some(Arc::default()))
    }

    /// Remembers a pool, if it is wanted.
    pub(crate) fn add(&self, service: &'static str, pool: &AnyPool) {
        if let Some(opened) = &self.0 {
            opened.lock().unwrap_or_else(PoisonError::into_inner).push((service, pool.clone()));
        }
    }

    /// The pools that were remembered, once.
    pub(crate) fn take(&self) -> ServicePools {
        self.0.as_ref().map(|opened| std::mem::take(&mut *opened.lock().unwrap_or_else(PoisonError::into_inner))).unwrap_or_default()
    }
}
