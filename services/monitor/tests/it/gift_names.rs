//! Gifts are called as they were when they were sent, wherever people read of them.
use crate::{
    posted::{Planted, change, post},
    things::{BOOK, planted},
    watched::{Watched, asked},
};
use api::monitor::{FindRequest, ListActivityRequest};
use gift::tables::{GiftCatalogue, RecordedCatalogue, Store};
use identity::{BookScope, Role};
use monitor::explain::{self, SoughtId, StoryScope};
use std::time::{Duration, SystemTime};
use testbed::both;
use uuid::Uuid;

const DAY: Duration = Duration::from_secs(86_400);

fn catalogue(version: &str, gifts: &[(i64, &str)]) -> RecordedCatalogue {
    let gifts: Vec<String> = gifts.iter().map(|(id, name)| format!("{{ id = {id}, name = \"{name}\", cost_coins = 1 }}")).collect();
    let text = format!("version = \"{version}\"\ngifts = [{}]", gifts.join(", "));
    RecordedCatalogue::of(&GiftCatalogue::parse("gifts.toml", &text).unwrap(), 5_000)
}

/// A gift from ann to star; the id of its posting.
async fn given(bed: &testbed::Testbed, gift_id: &str, quantity: &str) -> String {
    let text = str::to_owned;
    let moved = vec![(text("viewer/ann/coins"), text("house/coins/redeemed"), 1)];
    let fields = [("creator_id", "star"), ("gift_id", gift_id), ("room_id", "r1"), ("quantity", quantity)];
    let fields = fields.into_iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| (name, text(value))).collect();
    post(bed, Planted { book: BOOK, kind: "gift", id: Uuid::now_v7(), moved, fields, guards: Vec::new() }).await.posting_id
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gift_has_the_name_that_it_had_when_it_was_sent() {
    for storage in both() {
        let (bed, _) = planted(storage).await;
        let (tables, now) = (Store::open(&bed.database).await.unwrap(), SystemTime::now());
        tables.serve(&catalogue("1", &[(5655, "Rose")]), now - DAY).await.unwrap();
        // Prepared, and in force from tomorrow on: it has the only name of one gift.
        tables.serve(&catalogue("2", &[(5655, "Red Rose"), (8, "Lily")]), now + DAY).await.unwrap();
        let told = [
            (given(&bed, "5655", "").await, "1 Rose (gift 5655)"),
            (given(&bed, "8", "3").await, "3 Lily (gift 8)"),
            (given(&bed, "9", "2").await, "2 of gift 9"),
            (given(&bed, "rose", "").await, "1 of gift rose"),
        ];
        let bed = Watched::over(bed).await;
        let of_ann = ListActivityRequest { user_id: "ann".to_owned(), ..Default::default() };
        let lines = bed.monitor().list_activity(asked(&bed, ("sam", Role::Support), &[BOOK], of_ann)).await.unwrap().into_inner().lines;
        let of_self = bed.unexplained("ann", Role::Viewer, &[BOOK], ListActivityRequest::default());
        let own = bed.monitor().list_activity(of_self).await.unwrap().into_inner().lines;
        let scope = StoryScope { books: BookScope::All, user: None, most: 5 };
        for (posting_id, gift) in &told {
            for lines in [&lines, &own] {
                let line = lines.iter().find(|line| line.posting_id == *posting_id).unwrap();
                assert_eq!(line.summary, format!("{gift} in room r1"));
            }
            let sought = FindRequest { text: posting_id.clone(), ..Default::default() };
            let found = bed.monitor().find(asked(&bed, ("sam", Role::Support), &[BOOK], sought)).await.unwrap().into_inner();
            assert_eq!(found.things[0].summary, format!("ann gave star {gift} in room r1: 1 coin"));
            let stories = explain::explain(&bed.database, &SoughtId::parse(posting_id).unwrap(), &scope).await.unwrap();
            assert_eq!(stories[0].told, format!("ann gave star {gift} in room r1: 1 coin"));
        }
        // A catalogue that can't be read names nothing, and nothing else fails.
        change(&bed.database, "gift", "UPDATE catalogue SET content = 'x'").await;
        let stories = explain::explain(&bed.database, &SoughtId::parse(&told[0].0).unwrap(), &scope).await.unwrap();
        assert_eq!(stories[0].told, "ann gave star 1 of gift 5655 in room r1: 1 coin");
        bed.ledger.shutdown().await;
    }
}
