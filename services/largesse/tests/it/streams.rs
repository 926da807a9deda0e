//! Bounds on open streams: a maximum for each caller, over every connection to a service.
use crate::options;
use api::gift::{SendGiftsRequest, SendGiftsResponse};
use demo::installation::{Installation, authorised};
use identity::Role;
use money::BookName;
use runtime::Runtime;
use tonic::{Code, Status, Streaming};

async fn open(installation: &Installation, user: &str) -> Result<Streaming<SendGiftsResponse>, Status> {
    let token = installation.token(user, Role::Viewer).unwrap();
    let silent = futures::stream::pending::<SendGiftsRequest>();
    Ok(installation.gift().send_gifts(authorised(silent, &token).unwrap()).await?.into_inner())
}

#[tokio::test(flavor = "multi_thread")]
async fn one_user_holds_so_many_streams_open_and_others_have_their_own() {
    let dir = tempfile::tempdir().unwrap();
    let mut given = options(dir.path());
    given.quotas.user_streams = 2;
    let fixture = Runtime::start(given).await.unwrap();
    let installation = Installation::inside(&fixture, BookName::try_new("demo").unwrap()).unwrap();
    let first = open(&installation, "ann").await.unwrap();
    let _second = open(&installation, "ann").await.unwrap();
    let refused = open(&installation, "ann").await.unwrap_err();
    assert_eq!((refused.code(), rpc::reason(&refused).as_deref()), (Code::ResourceExhausted, Some("QUOTA_EXCEEDED")));
    assert!(refused.message().contains("streams_max=2"), "{refused:?}");
    drop(open(&installation, "bob").await.unwrap());
    // An ended stream frees its place, as soon as the server has noticed the end.
    drop(first);
    let third = loop {
        match open(&installation, "ann").await {
            Ok(third) => break third,
            Err(status) => assert_eq!(rpc::reason(&status).as_deref(), Some("QUOTA_EXCEEDED")),
        }
        tokio::task::yield_now().await;
    };
    assert!(open(&installation, "ann").await.is_err());
    drop(third);
    fixture.shutdown().await;
}
