//! A process that lost the books reports that on a connection that is still open: the next call uses another.
use api::ledger::{GetAccountRequest, ledger_service_client::LedgerServiceClient};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};
use tokio::net::TcpListener;
use tokio_stream::{StreamExt as _, wrappers::TcpListenerStream};
use tonic::{Code, service::Routes, transport::Server};

/// Answers every call on its socket with this, and counts connections.
async fn answering(reason: &'static str) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = connections.clone();
    let incoming = TcpListenerStream::new(listener).map(move |stream| {
        counted.fetch_add(1, Ordering::Relaxed);
        stream
    });
    let refuse =
        move || async move { rpc::refused(Code::Unavailable, reason, "somewhere else".to_owned(), &[]).into_http::<tonic::body::Body>() };
    let routes = Routes::from(axum::Router::new().fallback(refuse));
    tokio::spawn(Server::builder().add_routes(routes).serve_with_incoming(incoming));
    (url, connections)
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_told_that_another_writes_comes_over_a_new_connection_and_others_stay() {
    for (reason, wanted) in [("NOT_THE_WRITER", 2), ("OVERLOADED", 1)] {
        let (url, connections) = answering(reason).await;
        let mut ledger = LedgerServiceClient::new(rpc::connect(&url).unwrap());
        // A call that was certainly not executed is retried automatically.
        let status = ledger.get_account(GetAccountRequest::default()).await.unwrap_err();
        assert_eq!(rpc::reason(&status).as_deref(), Some(reason));
        // Calls switch connections at most once a second, not at each refusal.
        assert_eq!(connections.load(Ordering::Relaxed), wanted, "{reason}");
    }
}
