//! The audit log as a file.
use super::{FIELDS, covers, is_shown, read};
use crate::{
    answer::{ask_reason, failed, without_frame},
    export::{self, ExportPage, ExportedList, ExportedView, PAGE_ROWS, csv::CsvCell},
    filters::Filters,
    frame::PageFrame,
    parts::Console,
    view::times::{TimeView, no_later},
    visitor::Visitor,
};
use api::support::{Act, ActPhase, ListActsRequest, support_service_client::SupportServiceClient};
use axum::{
    extract::{RawQuery, State},
    response::Response,
};
use http::StatusCode;
use rpc::ANSWER_BYTES_MAX;
use tonic::Status;

/// What is shown of the log, and the call for it.
struct ExportedLog(&'static str, ListActsRequest);

/// The log as the page shows it with the same filters.
pub(crate) async fn export(State(console): State<Console>, visitor: Visitor, RawQuery(query): RawQuery) -> Response {
    let filters = Filters::read(query.unwrap_or_default().as_bytes());
    let mut frame = match PageFrame::load(&console, &visitor, "Audit log", &filters).await {
        Ok(frame) => frame,
        Err(why) => return without_frame(why, &visitor),
    };
    let (what, request) = match read(&filters) {
        Ok(read) => read,
        Err(why) => return failed(frame, StatusCode::BAD_REQUEST, "This can't be exported", &why),
    };
    let moment = export::moment();
    let mut request = ListActsRequest { page_size: PAGE_ROWS, page_token: String::new(), ..request };
    // The export's own lines are not in it, whatever end was asked for.
    request.recorded_until = Some(no_later(request.recorded_until.as_ref(), moment));
    if !covers(&console, &visitor, &request) {
        frame.reason = None;
        return ask_reason(frame);
    }
    let fields = FIELDS.map(|name| (name, filters.get(name)));
    let view = ExportedView { name: "audit-log", path: "/acts", fields: &fields, book: filters.get("book"), moment };
    export::answer(console, visitor, frame, view, ExportedLog(what, request)).await
}

impl ExportedList for ExportedLog {
    const COLUMNS: &'static [&'static str] = &[
        "line",
        "time",
        "member of staff",
        "issuer",
        "role",
        "phase",
        "rpc",
        "book",
        "user",
        "reason",
        "request",
        "outcome",
        "action",
        "request hash",
        "hash",
    ];

    async fn page(&self, console: &Console, visitor: &Visitor, token: String) -> Result<ExportPage, Status> {
        let mut support = SupportServiceClient::new(console.support.clone()).max_decoding_message_size(ANSWER_BYTES_MAX);
        let answer = support.list_acts(visitor.request(ListActsRequest { page_token: token, ..self.1.clone() })).await?.into_inner();
        Ok(ExportPage {
            rows: answer.acts.iter().filter(|act| is_shown(self.0, act)).map(row).collect(),
            next: answer.next_page_token,
            seq: 0,
        })
    }
}

fn row(act: &Act) -> Vec<CsvCell> {
    let phase = match act.phase() {
        ActPhase::Begun => "begun",
        ActPhase::Ended => "ended",
        ActPhase::Unspecified => "unknown",
    };
    let texts = [
        &*TimeView::of(act.time.as_ref()).exact,
        &act.subject,
        &act.issuer,
        &act.role,
        phase,
        &act.rpc,
        &act.book,
        &act.user_id,
        if act.erased { "erased" } else { &act.reason },
        &act.request_json,
        &act.outcome,
        &act.act_id,
        &act.request_hash,
        &act.hash,
    ];
    std::iter::once(CsvCell::Number(act.seq)).chain(texts.map(CsvCell::text)).collect()
}
