//! ACH files as staff see them.

use super::{AchTown, BANK, findings};
use crate::{
    reviews::{new_id, told},
    world::{BOOK, Running, on_both},
};
use api::payout::{
    AchFile,
    AchFileOutcome::NeverReceived,
    AchFileState, ListAchFilesRequest, ListAchFilesResponse,
    PayoutState::{Accepted, Submitted},
    ResolveAchFileRequest,
};
use identity::Role;
use std::time::Duration;
use tonic::{Code, Status};

async fn page(town: &AchTown, running: &Running, request: ListAchFilesRequest) -> Result<ListAchFilesResponse, Status> {
    let request = ListAchFilesRequest { book: BOOK.into(), ..request };
    Ok(running.client().list_ach_files(town.world.bed.by("sue", Role::Support, request)).await?.into_inner())
}

async fn list(town: &AchTown, running: &Running, request: ListAchFilesRequest) -> Vec<AchFile> {
    page(town, running, request).await.unwrap().files
}

#[tokio::test]
async fn staff_list_the_files_in_doubt_and_what_was_found_of_them() {
    on_both(async |database| {
        let town = AchTown::open(database).await;
        let mut config = town.config();
        config.banks[0].nacha.poll = Duration::from_millis(50);
        let running = town.world.start_with(config).await;
        let (paid, _) = town.request(&running, "Ana Muller", 70).await;
        running.until("ana", &paid.payout_id, Accepted).await;
        town.behave("acknowledge_late:2592000").await;
        let (payout, _) = town.request(&running, "Ana Muller", 500).await;
        running.until("ana", &payout.payout_id, Submitted).await;
        let doubtful = ListAchFilesRequest { in_doubt_only: true, ..Default::default() };
        let mut ticks = tokio::time::interval(Duration::from_millis(20));
        let file = loop {
            match &list(&town, &running, doubtful.clone()).await[..] {
                [file] if file.received => break file.clone(),
                files => assert!(files.len() <= 1, "{files:?}"),
            }
            ticks.tick().await;
        };
        let sent = town.files().await.into_iter().find(|sent| sent.file_name == file.file_name).unwrap();
        assert_eq!((file.bank.as_str(), &file.sha256, file.state(), file.in_doubt), (BANK, &sent.sha256, AchFileState::Sent, true));
        assert_eq!((file.entries, file.entries_of_book, file.total_cents, file.resolution.as_ref()), (1, 1, 500, None));

        let all = list(&town, &running, ListAchFilesRequest::default()).await;
        assert_eq!(all.iter().map(AchFile::state).collect::<Vec<_>>(), [AchFileState::Sent, AchFileState::Accepted]);
        assert!(!all[1].in_doubt);
        for none in [
            ListAchFilesRequest { bank: "other".into(), ..doubtful.clone() },
            ListAchFilesRequest { created_until: file.create_time, ..doubtful.clone() },
        ] {
            assert_eq!(list(&town, &running, none.clone()).await, [], "{none:?}");
        }
        let some = ListAchFilesRequest { bank: BANK.into(), created_from: file.create_time, ..doubtful.clone() };
        assert_eq!(list(&town, &running, some).await.len(), 1);
        let store = payout::store::Store::inspect(&town.world.database).await.unwrap();
        let counted = async || store.unfinished_files().await.unwrap().iter().map(|open| (open.state, open.count)).collect::<Vec<_>>();
        assert_eq!(counted().await, [("sent", 1), ("doubtful", 0)]);
        let own = running.client().list_ach_files(running.signed("ana", doubtful.clone())).await;
        assert_eq!(told(&own.unwrap_err()).0, Code::PermissionDenied);

        let first = page(&town, &running, ListAchFilesRequest { page_size: 1, ..Default::default() }).await.unwrap();
        let page_token = first.next_page_token.clone();
        let next = page(&town, &running, ListAchFilesRequest { page_size: 1, page_token, ..Default::default() }).await.unwrap();
        assert_eq!(
            [first.files[0].clone(), next.files[0].clone()].map(|file| file.file_name),
            [&all[0], &all[1]].map(|file| file.file_name.clone())
        );
        assert!(next.next_page_token.is_empty());
        let other = ListAchFilesRequest { page_token: first.next_page_token, ..doubtful.clone() };
        assert_eq!(told(&page(&town, &running, other).await.unwrap_err()).1, "PAGE_TOKEN");

        // What the list says is what ResolveAchFile takes.
        let (bank, file_name, evidence) = (file.bank, file.file_name, findings::LETTER.to_owned());
        let outcome = api::payout::AchFileOutcome::Accepted.into();
        let request = ResolveAchFileRequest { request_id: new_id(), book: BOOK.into(), bank, file_name, outcome, evidence };
        for who in ["sam", "eve"] {
            let request = ResolveAchFileRequest { request_id: new_id(), ..request.clone() };
            running.client().resolve_ach_file(town.world.bed.by(who, Role::Finance, request)).await.unwrap();
            let found = list(&town, &running, ListAchFilesRequest::default()).await[0].resolution.clone().unwrap();
            assert_eq!((found.proposed_by.as_str(), found.decided_by.as_str()), ("sam", if who == "eve" { "eve" } else { "" }));
            assert_ne!(found.outcome(), NeverReceived);
        }
        assert_eq!((list(&town, &running, doubtful).await, counted().await), (Vec::new(), vec![("sent", 0), ("doubtful", 0)]));
        running.stop().await;
        town.close().await;
    })
    .await;
}
