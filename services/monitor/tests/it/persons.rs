//! The person behind several apps: who may say so, what it shows to whom, and that it can be taken back and erased.
use crate::{
    posted::{Planted, post},
    watched::{Watched, asked},
};
use api::{
    ledger::BookMode,
    monitor::{LinkPersonRequest, ListActivityRequest, ListActivityResponse, UnlinkPersonRequest},
};
use identity::Role;
use money::{BookName, UserKey};
use monitor::{store::LINKS_MAX, tables::Store};
use rpc::reason;
use testbed::{Storage, Testbed, TestbedOptions, both};
use tonic::{Code, Status};
use uuid::Uuid;

/// Apps of one house, and one of another.
const BOOKS: [&str; 3] = ["one", "two", "three"];

/// The same with their modes.
const APPS: [(&str, BookMode); 3] = [("one", BookMode::Test), ("two", BookMode::Test), ("three", BookMode::Test)];

/// `ann` has coins in each of the books, and `u7` in two of them.
async fn apps(storage: Storage) -> Watched {
    let bed = Testbed::on(storage, TestbedOptions { books: &APPS, recorded: false }).await;
    for (book, user, coins) in [("one", "ann", 1), ("two", "u7", 2), ("three", "u7", 3), ("one", "u8", 4), ("two", "ann", 5)] {
        let moved = vec![("house/coins/issued".to_owned(), format!("viewer/{user}/coins"), coins)];
        post(&bed, Planted { book, kind: "bench.coins", id: Uuid::now_v7(), moved, fields: Vec::new(), guards: Vec::new() }).await;
    }
    Watched::over(bed).await
}

async fn link(bed: &Watched, by: (&str, Role), books: &[&str], (book, user, person): (&str, &str, &str)) -> Result<String, Status> {
    let request = LinkPersonRequest { book: book.to_owned(), user_id: user.to_owned(), person_id: person.to_owned() };
    let answer = bed.monitor().link_person(asked(bed, by, books, request)).await?.into_inner();
    Ok(answer.link.unwrap().linked_by)
}

async fn listed(bed: &Watched, by: (&str, Role), books: &[&str], request: ListActivityRequest) -> ListActivityResponse {
    bed.monitor().list_activity(asked(bed, by, books, request)).await.unwrap().into_inner()
}

/// What of whose account is listed, the newest first.
fn seen(answer: &ListActivityResponse) -> Vec<(String, i64)> {
    answer.lines.iter().map(|line| (format!("{} {}", line.book, line.account), line.amount.as_ref().unwrap().amount)).collect()
}

fn of(user: &str) -> ListActivityRequest {
    ListActivityRequest { user_id: user.to_owned(), ..ListActivityRequest::default() }
}

fn line(book: &str, user: &str, coins: i64) -> (String, i64) {
    (format!("{book} viewer/{user}/coins"), coins)
}

const APP: (&str, Role) = ("app-two", Role::Service);

#[tokio::test(flavor = "multi_thread")]
async fn a_persons_users_are_one_list_for_whoever_may_see_their_books() {
    for storage in both() {
        let bed = apps(storage).await;
        let staff = ("sam", Role::Support);
        let alone = listed(&bed, staff, &BOOKS, of("ann")).await;
        assert_eq!((seen(&alone), alone.links.len()), (vec![line("two", "ann", 5), line("one", "ann", 1)], 0));
        for _ in 0..2 {
            assert_eq!(link(&bed, APP, &["two"], ("", "u7", "ann")).await.unwrap(), "app-two", "again it is the same");
        }
        let all = [line("two", "ann", 5), line("two", "u7", 2), line("one", "ann", 1)];
        let found = listed(&bed, staff, &BOOKS, of("ann")).await;
        assert_eq!(seen(&found), all, "u7 of the third book is somebody else");
        assert_eq!((found.links.len(), &*found.links[0].book, &*found.links[0].user_id), (1, "two", "u7"));
        // Page after page, by the place of the last line.
        let (mut request, mut pages) = (ListActivityRequest { page_size: 1, ..of("ann") }, Vec::new());
        loop {
            let page = listed(&bed, staff, &BOOKS, request.clone()).await;
            pages.extend(seen(&page));
            request.page_token = page.next_page_token;
            if request.page_token.is_empty() {
                break;
            }
        }
        assert_eq!(pages, all);
        // Of the user the person is a click away, and no more is shown.
        let user = listed(&bed, staff, &BOOKS, of("u7")).await;
        assert_eq!((seen(&user), &*user.links[0].person_id), (vec![line("three", "u7", 3), line("two", "u7", 2)], "ann"));
        // Nobody sees more than the books of their token.
        let narrow = listed(&bed, staff, &["one"], of("ann")).await;
        assert_eq!((seen(&narrow), narrow.links.len()), (vec![line("one", "ann", 1)], 0));
        // The person, whose issuer vouches for several books; and a token of one app, in which the same key may be anybody's.
        let own = |books: &'static [&'static str]| bed.unexplained("ann", Role::Viewer, books, ListActivityRequest::default());
        let whole = bed.monitor().list_activity(own(&["one", "two"])).await.unwrap().into_inner();
        assert_eq!(seen(&whole), all);
        let of_app = bed.monitor().list_activity(own(&["two"])).await.unwrap().into_inner();
        assert_eq!((seen(&of_app), of_app.links.len()), (vec![line("two", "ann", 5)], 0));
        let request = UnlinkPersonRequest { book: "two".to_owned(), user_id: "u7".to_owned() };
        for was_linked in [true, false] {
            let answer = bed.monitor().unlink_person(asked(&bed, APP, &["two"], request.clone())).await.unwrap().into_inner();
            assert_eq!(answer.unlinked, was_linked);
        }
        assert_eq!(seen(&listed(&bed, staff, &BOOKS, of("ann")).await), [line("two", "ann", 5), line("one", "ann", 1)]);
        let (two, u7) = (BookName::try_new("two").unwrap(), UserKey::try_new("u7").unwrap());
        let own = Store::open(&bed.database).await.unwrap();
        let said: Vec<bool> = own.link_changes(&two, &u7).await.unwrap().into_iter().map(|(_, is_linked, _)| is_linked).collect();
        assert_eq!(said, [true, false], "what was said stays known");
        assert_eq!(own.erase_links(&two, &u7).await.unwrap(), 2, "until it is erased");
        assert!(own.link_changes(&two, &u7).await.unwrap().is_empty());
        bed.ledger.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_but_a_service_of_the_book_says_who_a_user_is() {
    for storage in both() {
        let bed = apps(storage).await;
        for role in [Role::Viewer, Role::Creator, Role::Support, Role::Finance, Role::Auditor, Role::Admin] {
            let refused = link(&bed, ("u7", role), &["two"], ("two", "u7", "ann")).await.unwrap_err();
            assert_eq!(refused.code(), Code::PermissionDenied, "{role}: {refused:?}");
            let request = UnlinkPersonRequest { book: "two".to_owned(), user_id: "u7".to_owned() };
            let refused = bed.monitor().unlink_person(asked(&bed, ("u7", role), &["two"], request)).await.unwrap_err();
            assert_eq!(refused.code(), Code::PermissionDenied, "{role}: {refused:?}");
        }
        let long = "u".repeat(65);
        for (at, code) in [
            (("one", "u8", "ann"), Code::PermissionDenied),
            (("no-book", "u7", "ann"), Code::PermissionDenied),
            (("two", "", "ann"), Code::InvalidArgument),
            (("two", "u7", ""), Code::InvalidArgument),
            (("two", "u7", "u7"), Code::InvalidArgument),
            (("two", "u/7", "ann"), Code::InvalidArgument),
            (("two", "u7", &*long), Code::InvalidArgument),
        ] {
            let refused = link(&bed, APP, &["two"], at).await.unwrap_err();
            assert_eq!(refused.code(), code, "{at:?}: {refused:?}");
        }
        link(&bed, APP, &["two"], ("two", "u7", "ann")).await.unwrap();
        let other = link(&bed, APP, &["two"], ("two", "u7", "bea")).await.unwrap_err();
        assert_eq!(reason(&other).as_deref(), Some("OTHER_PERSON"));
        for number in 1..LINKS_MAX {
            link(&bed, APP, &["two"], ("two", &format!("v{number}"), "ann")).await.unwrap();
        }
        let full = link(&bed, APP, &["two"], ("two", "one-more", "ann")).await.unwrap_err();
        assert_eq!(reason(&full).as_deref(), Some("PERSON_LINKS_FULL"));
        link(&bed, APP, &["two"], ("two", "one-more", "bea")).await.unwrap();
        // Its lines are those of the person alone, and of as many users as there are.
        assert_eq!(listed(&bed, ("sam", Role::Support), &BOOKS, of("ann")).await.links.len(), 64);
        bed.ledger.shutdown().await;
    }
}
