//! A client laid directly over a service of the same process.
use super::Wire;
use crate::Stacked;
use futures::{FutureExt as _, future::BoxFuture};
use http::{Request, Response};
use tonic::{Status, body::Body, service::Routes};
use tower::Service as _;

pub(super) struct InProcess(Stacked<Routes>);

impl InProcess {
    pub(super) fn new(service: Stacked<Routes>) -> Self {
        Self(service)
    }
}

impl Wire for InProcess {
    fn send(&self, mut request: Request<Body>) -> BoxFuture<'static, Result<Response<Body>, Status>> {
        // A socket carries no extensions, so neither does this: what the server's side finds there, its own stack put there.
        request.extensions_mut().clear();
        // Routes are always ready.
        let answer = self.0.clone().call(request);
        Box::pin(answer.map(|answer| answer.map_err(|never| match never {})))
    }
}
