//! The audit log as a file.
use super::{covers, list_request};
use crate::{
    answer::{ask_reason, without_frame},
    export::{self, ExportPage, ExportedList, ExportedView, PAGE_ROWS, csv::CsvCell},
    filters::Filters,
    frame::PageFrame,
    parts::Console,
    view::times::TimeView,
    visitor::Visitor,
};
use api::support::{Act, ActPhase, ListActsRequest, support_service_client::SupportServiceClient};
use axum::{
    extract::{RawQuery, State},
    response::Response,
};
use rpc::{ANSWER_BYTES_MAX, wire::timestamp};
use tonic::Status;

struct ExportedLog(ListActsRequest);

/// The log as the page shows it with the same filters.
pub(crate) async fn export(State(console): State<Console>, visitor: Visitor, RawQuery(query): RawQuery) -> Response {
    let filters = Filters::read(query.unwrap_or_default().as_bytes());
    let mut frame = match PageFrame::load(&console, &visitor, "Audit log", &filters).await {
        Ok(frame) => frame,
        Err(why) => return without_frame(why, &visitor),
    };
    let moment = export::moment();
    let request = ListActsRequest {
        page_size: PAGE_ROWS,
        page_token: String::new(),
        // The export's own lines are not in it.
        recorded_until: Some(timestamp(moment)),
        ..list_request(&filters)
    };
    if !covers(&console, &visitor, &request) {
        frame.reason = None;
        return ask_reason(frame);
    }
    let fields = ["book", "subject", "user", "rpc", "account"].map(|name| (name, filters.get(name)));
    let view = ExportedView { name: "audit-log", path: "/acts", fields: &fields, book: filters.get("book"), moment };
    export::answer(console, visitor, frame, view, ExportedLog(request)).await
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
        let answer = support.list_acts(visitor.request(ListActsRequest { page_token: token, ..self.0.clone() })).await?.into_inner();
        Ok(ExportPage { rows: answer.acts.iter().map(row).collect(), next: answer.next_page_token, seq: 0 })
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
