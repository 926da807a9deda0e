//! What staff are asked most, in Chromium from the first page on: why was this gift refused, where is this creator's payout, who changed what yesterday. Each by at most
//! four clicks, and by as many keys that activate something.
//!
//! `make needs` installs what this needs; where it is not, this is skipped and says so. What the script was at is part of the failure.
use super::{chromium::tools, house, payouts::settled};
use crate::blocked::{by, fund, new_id};
use api::gift::{ListGiftsRequest, SendGiftRequest, gift_service_client::GiftServiceClient};
use identity::{Role, Service};
use runtime::Runtime;
use std::{path::Path, process::Stdio, time::Duration};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader},
    process::Command,
    time::timeout,
};

/// How long the tasks may take on a machine that is busy with other things; alone they take a few seconds.
const TASKS_MAX: Duration = Duration::from_secs(300);

/// A gift that gil, who has no coins, was refused; returns its request id.
async fn refused(house: &Runtime) -> String {
    let mut gifts = GiftServiceClient::new(house.transport_for(Service::Gift).unwrap());
    let all = gifts.list_gifts(by(house, "gil", Role::Viewer, ListGiftsRequest::default())).await.unwrap().into_inner().gifts;
    let request_id = new_id();
    let send = SendGiftRequest {
        request_id: request_id.clone(),
        room_id: "r".to_owned(),
        creator_id: "ana".to_owned(),
        gift_id: all[0].gift_id,
        quantity: 1,
        ..Default::default()
    };
    let status = gifts.send_gift(by(house, "gil", Role::Viewer, send)).await.unwrap_err();
    assert_eq!(rpc::reason(&status).as_deref(), Some("INSUFFICIENT_FUNDS"), "{status:?}");
    request_id
}

#[tokio::test(flavor = "multi_thread")]
async fn what_staff_are_asked_is_four_clicks_or_keys_away() {
    let Some((chromium, packages)) = tools() else { return };
    let since = money::time::now_ms();
    let dir = tempfile::tempdir().unwrap();
    let house = house(dir.path()).await;
    fund(&house).await;
    let (gift, payout) = (refused(&house).await, settled(&house).await.payout_id);
    let shots = packages.join("../../console");
    std::fs::create_dir_all(&shots).unwrap();
    // Beside its packages, so that it finds them.
    let script = packages.join("tasks.mjs");
    std::fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser/tasks.mjs"), &script).unwrap();
    let mut node = Command::new("node");
    node.arg(&script).env("CONSOLE", house.console_url().unwrap()).env("CHROMIUM", chromium).env("SHOTS", &shots);
    node.env("GIFT", gift).env("SENDER", "gil").env("PAYOUT", payout).env("SINCE", since.to_string());
    let mut running = node.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
    let (mut printed, mut stages) = (String::new(), Vec::new());
    let mut output = running.stdout.take().unwrap();
    let mut lines = BufReader::new(running.stderr.take().unwrap()).lines();
    let ended = timeout(TASKS_MAX, async {
        while let Some(line) = lines.next_line().await.unwrap() {
            stages.push(line);
        }
        output.read_to_string(&mut printed).await.unwrap();
        running.wait().await.unwrap()
    });
    let ended = ended.await;
    let status = ended.unwrap_or_else(|_| panic!("it does not end: {stages:#?}"));
    assert!(status.success(), "{printed}{stages:#?}");
    let found: Vec<String> = serde_json::from_str(printed.trim()).unwrap();
    assert!(found.is_empty(), "{found:#?}\n{stages:#?}\npictures are in {}", shots.display());
    house.shutdown().await;
}
