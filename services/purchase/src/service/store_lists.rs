//! The handlers that show staff which bills of wallets were read, and what stores asked and were answered.

use api::purchase::{ListStoreBillsRequest, ListStoreBillsResponse, ListStoreQuestionsRequest, ListStoreQuestionsResponse};
use rpc::page::{InvalidPageToken, PagedList};
use rpc::{Violations, page};
use tonic::{Request, Response, Status};

use crate::domain::StoreKind;
use crate::error::Error;
use crate::purchases::Purchases;
use crate::store::bills::{BillFilter, KeptBill};
use crate::store::questions::{KeptQuestion, QuestionFilter};
use crate::wire::{self, checkout, store_lists as shown};

/// ListStoreBills.
pub(super) async fn bills(
    purchases: &Purchases,
    request: Request<ListStoreBillsRequest>,
) -> Result<Response<ListStoreBillsResponse>, Status> {
    let caller = rpc::caller(&request)?;
    let request = request.into_inner();
    let mut wrong = Violations::default();
    let book = wrong.take(caller.book(&request.book));
    let store = wrong.take(checkout::named_store(request.store_kind));
    let end = wrong.take(shown::bill_end(request.state));
    let size = wrong.take(wire::page_size(request.page_size));
    let (Some(book), Some(store), Some(end), Some(size)) = (book, store, end, size) else { return Err(wrong.into_status()) };
    let list = PagedList::new("ListStoreBills", book.as_str(), &[store.map_or("", StoreKind::as_str), &request.state.to_string()]);
    let after = list.position(&request.page_token).map_err(|InvalidPageToken| Error::PageToken)?;
    let found = purchases.store.kept_bills(&book, BillFilter { store, end }, after, page::rows_to_read(size)).await;
    let mut found = found.map_err(Error::from)?;
    let next_page_token = list.cut(&mut found, size, KeptBill::place);
    Ok(Response::new(ListStoreBillsResponse { bills: found.iter().map(shown::bill).collect(), next_page_token }))
}

/// ListStoreQuestions.
pub(super) async fn questions(
    purchases: &Purchases,
    request: Request<ListStoreQuestionsRequest>,
) -> Result<Response<ListStoreQuestionsResponse>, Status> {
    let caller = rpc::caller(&request)?;
    let request = request.into_inner();
    let mut wrong = Violations::default();
    let book = wrong.take(caller.book(&request.book));
    let store = wrong.take(checkout::named_store(request.store_kind));
    let end = wrong.take(shown::question_end(request.state));
    let size = wrong.take(wire::page_size(request.page_size));
    let (Some(book), Some(store), Some(end), Some(size)) = (book, store, end, size) else { return Err(wrong.into_status()) };
    let list = PagedList::new("ListStoreQuestions", book.as_str(), &[store.map_or("", StoreKind::as_str), &request.state.to_string()]);
    let after = list.position(&request.page_token).map_err(|InvalidPageToken| Error::PageToken)?;
    let found = purchases.store.kept_questions(&book, QuestionFilter { store, end }, after, page::rows_to_read(size)).await;
    let mut found = found.map_err(Error::from)?;
    let next_page_token = list.cut(&mut found, size, KeptQuestion::place);
    Ok(Response::new(ListStoreQuestionsResponse { questions: found.iter().map(shown::question).collect(), next_page_token }))
}
