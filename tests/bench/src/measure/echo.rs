//! The bare server: plain tonic, the gift service's contract, and a constant answer.

use super::child::ServerProcess;
use api::gift::{
    ListGiftsRequest, ListGiftsResponse, SendGiftRequest, SendGiftResponse, SendGiftsRequest, SendGiftsResponse,
    gift_service_server::{GiftService, GiftServiceServer},
    send_gifts_response,
};
use futures::{Stream, StreamExt as _};
use runtime::command::UntypedError;
use std::pin::Pin;
use tokio::net::TcpListener;
use tonic::{
    Request, Response, Status, Streaming,
    transport::{Server, server::TcpIncoming},
};

/// An answer as large as a real one.
fn answer() -> SendGiftResponse {
    SendGiftResponse {
        posting_id: "01936f5e-7c3b-8000-9000-a1b2c3d4e5f6".to_owned(),
        cost_coins: 1,
        diamonds: 1,
        coin_balance: Some(999_999_999),
        balance_seq: Some(1_000_000),
        replayed: false,
    }
}

/// The name of this binary's command that runs the server.
pub const ECHO: &str = "echo";

struct EchoService;

#[tonic::async_trait]
impl GiftService for EchoService {
    async fn list_gifts(&self, _: Request<ListGiftsRequest>) -> Result<Response<ListGiftsResponse>, Status> {
        Ok(Response::new(ListGiftsResponse::default()))
    }

    async fn send_gift(&self, _: Request<SendGiftRequest>) -> Result<Response<SendGiftResponse>, Status> {
        Ok(Response::new(answer()))
    }

    type SendGiftsStream = Pin<Box<dyn Stream<Item = Result<SendGiftsResponse, Status>> + Send>>;

    async fn send_gifts(&self, request: Request<Streaming<SendGiftsRequest>>) -> Result<Response<Self::SendGiftsStream>, Status> {
        let answers = request.into_inner().map(|item| {
            let request_id = item?.gift.unwrap_or_default().request_id;
            Ok(SendGiftsResponse { request_id, outcome: Some(send_gifts_response::Outcome::Accepted(answer())) })
        });
        Ok(Response::new(Box::pin(answers)))
    }
}

/// Starts the bare server in a process of its own.
pub(crate) async fn start() -> Result<ServerProcess, UntypedError> {
    ServerProcess::start(&std::env::current_exe()?, &[ECHO]).await
}

/// Serves on a free port of this machine until it is killed.
pub async fn serve() -> Result<(), UntypedError> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("grpc on {}", listener.local_addr()?);
    println!("ready");
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    Server::builder().add_service(GiftServiceServer::new(EchoService)).serve_with_incoming(incoming).await?;
    Ok(())
}
