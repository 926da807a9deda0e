//! A monitor over a testbed, viewers of its payments, and what the journal says that they must see.
use api::{
    ledger::{JournalEvent, Posting, WatchJournalRequest, journal_event::What, watch_journal_request::From},
    monitor::{WatchPaymentsRequest, WatchPaymentsResponse, monitor_service_client::MonitorServiceClient},
};
use chart::OwnPosters;
use identity::Role;
use monitor::Config;
use prost_types::Timestamp;
use rpc::Transport;
use std::collections::BTreeMap;
use testbed::Testbed;
use tokio_util::sync::CancellationToken;
use tonic::{Status, Streaming};

pub const BOOK: &str = "demo";

/// A message for each commit, and figures that are stored with each.
pub fn config() -> Config {
    Config { watch_every_ms: 0, figures_write_ms: 0, ..Config::default() }
}

/// Number of postings, or amounts moved, held and released, by second, kind and unit. The number has no unit.
pub type Sums = BTreeMap<(i64, String, String), [i64; 3]>;

fn add(sums: &mut Sums, second: i64, kind: &str, unit: &str, amounts: [i64; 3]) {
    let of = sums.entry((second, kind.to_owned(), unit.to_owned())).or_default();
    of.iter_mut().zip(amounts).for_each(|(sum, amount)| *sum += amount);
}

/// A monitor that can be stopped.
pub struct Monitor {
    pub client: MonitorServiceClient<Transport>,
    pub shutdown: CancellationToken,
}

pub async fn start(bed: &Testbed, config: Config) -> Monitor {
    let shutdown = CancellationToken::new();
    let deps = monitor::Deps {
        database: bed.database.clone(),
        ledger: Some(bed.ledger_as("monitor")),
        heads_dir: None,
        posters: OwnPosters::default(),
        shutdown: shutdown.clone(),
    };
    let service = monitor::start(deps, config).await.unwrap();
    Monitor { client: MonitorServiceClient::new(bed.lay(service.routes())), shutdown }
}

/// One viewer's stream, and all that it has said.
pub struct Viewer {
    stream: Streaming<WatchPaymentsResponse>,
    pub messages: Vec<WatchPaymentsResponse>,
}

pub async fn watch(bed: &Testbed, monitor: &Monitor, request: WatchPaymentsRequest) -> Result<Viewer, Status> {
    let stream = monitor.client.clone().watch_payments(bed.by("sue", Role::Support, request)).await?.into_inner();
    Ok(Viewer { stream, messages: Vec::new() })
}

/// From now on, or after a cursor.
pub async fn viewer(bed: &Testbed, monitor: &Monitor, cursor: &str) -> Viewer {
    watch(bed, monitor, WatchPaymentsRequest { cursor: cursor.to_owned(), ..Default::default() }).await.unwrap()
}

impl Viewer {
    pub async fn next(&mut self) -> Result<WatchPaymentsResponse, Status> {
        let message = self.stream.message().await?.expect("the stream ended");
        self.messages.push(message.clone());
        Ok(message)
    }

    /// Reads until the stream ends.
    pub async fn rest(&mut self) -> Result<(), Status> {
        while let Some(message) = self.stream.message().await? {
            self.messages.push(message);
        }
        Ok(())
    }

    /// Reads until this many postings were counted.
    pub async fn until(&mut self, postings: i64) {
        while self.postings() < postings {
            self.next().await.unwrap();
        }
        assert_eq!(self.postings(), postings);
    }

    pub fn postings(&self) -> i64 {
        self.sums().iter().filter(|((_, _, unit), _)| unit.is_empty()).map(|(_, [postings, _, _])| postings).sum()
    }

    /// The sums of all ticks.
    pub fn sums(&self) -> Sums {
        let mut sums = Sums::new();
        for tick in self.messages.iter().flat_map(|message| &message.ticks) {
            let second = tick.second.unwrap().seconds;
            for count in &tick.counts {
                add(&mut sums, second, &count.kind, "", [count.postings, 0, 0]);
                for sum in &count.sums {
                    add(&mut sums, second, &count.kind, &sum.unit, [sum.moved_amount, sum.held_amount, sum.released_amount]);
                }
            }
        }
        sums
    }

    pub fn cursor(&self) -> String {
        self.messages.last().map(|message| message.cursor.clone()).unwrap_or_default()
    }
}

/// The events of the journal that are there now.
pub async fn journal(bed: &Testbed) -> Vec<JournalEvent> {
    let last = bed.post("purchase.apple", "house/coins/issued", "viewer/last/coins", 1).await;
    let request = WatchJournalRequest { book: BOOK.to_owned(), from: Some(From::FromSeq(1)) };
    let mut stream = bed.client().watch_journal(request).await.unwrap().into_inner();
    let mut events: Vec<JournalEvent> = Vec::new();
    while events.last().is_none_or(|event| event.event_id != last) {
        events.extend(stream.message().await.unwrap().unwrap().events);
    }
    events
}

fn seconds(time: Option<Timestamp>) -> i64 {
    time.unwrap().seconds
}

/// What the postings of these events did.
pub fn expected(events: &[JournalEvent]) -> Sums {
    let mut sums = Sums::new();
    for posting in events.iter().filter_map(posting) {
        let second = seconds(posting.commit_time);
        add(&mut sums, second, &posting.kind, "", [1, 0, 0]);
        for transfer in &posting.transfers {
            let [moved, held, released] = match (transfer.pending, transfer.released) {
                (true, _) => [0, transfer.amount, 0],
                (false, true) => [0, 0, transfer.amount],
                (false, false) => [transfer.amount, 0, 0],
            };
            add(&mut sums, second, &posting.kind, &transfer.unit, [moved, held, released]);
        }
    }
    sums
}

pub fn posting(event: &JournalEvent) -> Option<&Posting> {
    match &event.what {
        Some(What::Posting(posting) | What::HoldExpired(posting)) => Some(posting),
        _ => None,
    }
}

/// How many postings there are.
pub fn postings(events: &[JournalEvent]) -> i64 {
    i64::try_from(events.iter().filter_map(posting).count()).unwrap()
}
