//! The RPCs of statements that this service issues.
use super::{Handlers, RenderStatementStream};
use crate::{error::Error, rendering::RenderedParts, wire};
use api::treasury::{
    GetStatementRequest, GetStatementResponse, IssueStatementRequest, IssueStatementResponse, ListStatementsRequest,
    ListStatementsResponse, RenderStatementRequest, RenderStatementResponse,
};
use futures::{Stream, StreamExt as _, future, stream};
use std::time::SystemTime;
use tonic::{Code, Request, Status};

impl Handlers {
    pub(super) async fn statement_issued(&self, request: Request<IssueStatementRequest>) -> Result<IssueStatementResponse, Status> {
        let caller = rpc::caller(&request)?;
        let request = request.into_inner();
        self.check_book(&caller, &request.book)?;
        let ask = wire::statement::issue_ask(request)?;
        let issued = self.treasury.issue_statement(&ask.node, ask.day).await?;
        Ok(IssueStatementResponse { statement: Some(wire::statement::statement(&issued)) })
    }

    pub(super) async fn statement_read(&self, request: Request<GetStatementRequest>) -> Result<GetStatementResponse, Status> {
        let caller = rpc::caller(&request)?;
        let request = request.into_inner();
        self.check_book(&caller, &request.book)?;
        let (ask, size, after, list) = wire::statement::get_ask(&self.treasury.book, request)?;
        let mut opened = self.treasury.open_statement(&ask.node, ask.day, after).await?;
        let (mut lines, mut balances) = (Vec::new(), Vec::new());
        while lines.len() <= size
            && let Some((line, balance)) = opened.next().await?
        {
            lines.push(line);
            balances.push(balance);
        }
        let details = self.treasury.details(&lines).await?;
        let rows = lines.iter().zip(details).zip(balances).map(|((line, details), balance)| wire::statement::entry(line, details, balance));
        let (entries, next_page_token) = list.cut_to_fit(rows.collect(), size);
        let statement = Some(wire::statement::statement(&opened.statement));
        Ok(GetStatementResponse { statement, entries, next_page_token })
    }

    pub(super) async fn statements_listed(&self, request: Request<ListStatementsRequest>) -> Result<ListStatementsResponse, Status> {
        let caller = rpc::caller(&request)?;
        let request = request.into_inner();
        self.check_book(&caller, &request.book)?;
        let (node, size, before, list) = wire::statement::list_ask(&self.treasury.book, request)?;
        let found = self.treasury.statements(&node, before, rpc::page::rows_to_read(size)).await?;
        let rows = found.iter().map(|one| (wire::statement::statement(one), one.number));
        let (statements, next_page_token) = list.cut_to_fit(rows.collect(), size);
        Ok(ListStatementsResponse { statements, next_page_token })
    }

    pub(super) async fn statement_rendered(&self, request: Request<RenderStatementRequest>) -> Result<RenderStatementStream, Status> {
        let caller = rpc::caller(&request)?;
        let request = request.into_inner();
        self.check_book(&caller, &request.book)?;
        let (ask, format) = wire::statement::render_ask(request)?;
        let opened = self.treasury.open_statement(&ask.node, ask.day, None).await?;
        if format.needs_whole_day() && opened.statement.number == 0 {
            return Err(Error::DayOpen { day: ask.day }.into());
        }
        format.check_entries(&opened.statement)?;
        let first = RenderStatementResponse {
            media_type: format.media_type().to_owned(),
            file_name: format.file_name(&opened.statement),
            losses: format.losses().iter().map(|loss| (*loss).to_owned()).collect(),
            statement: Some(wire::statement::statement(&opened.statement)),
            content: Vec::new(),
        };
        let parts = stream::try_unfold(RenderedParts::new(self.treasury.clone(), opened, format), async |mut parts| {
            let part = parts.next().await.map_err(Status::from)?;
            Ok(part.map(|content| (RenderStatementResponse { content, ..RenderStatementResponse::default() }, parts)))
        });
        Ok(stream::iter([Ok(first)]).chain(while_valid(parts, caller.principal.expires_at, SystemTime::now)).boxed())
    }
}

/// The parts of a file for as long as the caller's token is valid. After that an error, since a file that simply ended would look whole.
fn while_valid<T>(
    parts: impl Stream<Item = Result<T, Status>>,
    expires_at: SystemTime,
    now: impl Fn() -> SystemTime,
) -> impl Stream<Item = Result<T, Status>> {
    parts.scan(false, move |has_ended, part| {
        let part = if now() < expires_at { part } else { Err(expired()) };
        let shown = (!*has_ended).then_some(part);
        *has_ended |= shown.as_ref().is_some_and(Result::is_err);
        future::ready(shown)
    })
}

fn expired() -> Status {
    let why = "the token expired before the file was complete; ask for it again with a new token".to_owned();
    rpc::refused(Code::Unauthenticated, "UNAUTHENTICATED", why, &[("token", "expired".to_owned())])
}

#[cfg(test)]
mod tests;
