//! Books as callers make and list them.
use crate::calls::{BOOK, fixture, on_both};
use api::ledger::{BookMode, CreateBookRequest, ListBooksRequest, OpenAccountsRequest};
use identity::Role;
use uuid::Uuid;

fn create(book: &str) -> CreateBookRequest {
    CreateBookRequest {
        request_id: Uuid::now_v7().to_string(),
        book: book.to_owned(),
        mode: BookMode::Test.into(),
        region: "us".to_owned(),
    }
}

#[tokio::test]
async fn a_book_is_created_once_and_the_answer_repeats_the_id() {
    on_both(async |database, _| {
        let fixture = fixture(database).await;
        let id = Uuid::now_v7();
        let request = CreateBookRequest { request_id: id.simple().to_string().to_uppercase(), ..create("app-1") };
        let first = fixture.client().create_book(request.clone()).await.unwrap().into_inner();
        assert_eq!(first.request_id, id.hyphenated().to_string());
        assert_eq!(fixture.client().create_book(request).await.unwrap().into_inner(), first);
        // Its name makes it the same, under any id.
        let other = fixture.client().create_book(create("app-1")).await.unwrap().into_inner();
        assert_eq!((&other.book, other.request_id == first.request_id), (&first.book, false));
        let moved = CreateBookRequest { region: "eu".to_owned(), ..create("app-1") };
        assert_eq!(rpc::reason(&fixture.client().create_book(moved).await.unwrap_err()).as_deref(), Some("BOOK_EXISTS"));
        let status = fixture.client().create_book(CreateBookRequest::default()).await.unwrap_err();
        let fields: Vec<_> = rpc::violations(&status).into_iter().map(|(field, _)| field).collect();
        assert_eq!(fields, ["request_id", "book", "mode", "region"]);
        let open = OpenAccountsRequest { book: BOOK.to_owned(), accounts: vec!["nonsense".to_owned()], ..Default::default() };
        let status = fixture.client().open_accounts(open).await.unwrap_err();
        let fields: Vec<_> = rpc::violations(&status).into_iter().map(|(field, _)| field).collect();
        assert_eq!(fields, ["request_id", "accounts"]);
    })
    .await;
}

#[tokio::test]
async fn books_are_listed_in_pages_by_name() {
    on_both(async |database, _| {
        let fixture = fixture(database).await;
        for name in ["b-3", "b-1", "b-4", "b-2"] {
            fixture.create_book(name).await;
        }
        let page = |page_size, page_token: &str| {
            let (mut client, request) = (fixture.client(), ListBooksRequest { page_size, page_token: page_token.to_owned() });
            async move { client.list_books(request).await.map(tonic::Response::into_inner) }
        };
        let whole = page(0, "").await.unwrap();
        assert_eq!(whole.next_page_token, "");
        let (mut names, mut token) = (Vec::new(), String::new());
        loop {
            let answer = page(2, &token).await.unwrap();
            assert!(answer.books.len() <= 2);
            names.extend(answer.books.into_iter().map(|book| book.name));
            token = answer.next_page_token;
            if token.is_empty() {
                break;
            }
            // A book that comes in between by name is on a later page or on none, never twice.
            fixture.create_book("a-0").await;
        }
        assert_eq!(names, whole.books.iter().map(|book| book.name.as_str()).collect::<Vec<_>>());
        assert!(names.is_sorted() && names.len() == 5, "{names:?}");
        assert_eq!(rpc::reason(&page(2, "AAAA").await.unwrap_err()).as_deref(), Some("PAGE_TOKEN"));
        assert_eq!(rpc::violations(&page(-1, "").await.unwrap_err())[0].0, "page_size");
        // Somebody whose token covers one book sees that one.
        let own = fixture.anyone().list_books(fixture.by(Role::Support, ListBooksRequest::default())).await.unwrap().into_inner().books;
        assert_eq!(own.len(), 1);
    })
    .await;
}
