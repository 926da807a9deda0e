//! What needs a person, as a part of page Today.
use crate::{
    filters::Filters,
    parts::Console,
    view::{amounts::unit_amount, calls::CallView, things, times::TimeView},
    visitor::Visitor,
};
use api::monitor::{ListWorkRequest, ListWorkResponse, ThingKind, WorkItem, WorkKind};
use money::text::shown;
use serde_json::json;
use tonic::{Code, Status};

pub(super) const LIST_WORK: &str = "largesse.monitor.v1.MonitorService/ListWork";
/// Items of a page.
const ITEMS: i32 = 50;

/// Kinds by the word in the address; the first is any.
const KINDS: [(&str, WorkKind); 8] = [
    ("any", WorkKind::Unspecified),
    ("failed_check", WorkKind::FailedCheck),
    ("unknown_outcome", WorkKind::UnknownOutcome),
    ("stuck_payout", WorkKind::StuckPayout),
    ("uncredited_receipt", WorkKind::UncreditedReceipt),
    ("open_proposal", WorkKind::OpenProposal),
    ("open_case", WorkKind::OpenCase),
    ("waiting_decision", WorkKind::WaitingDecision),
];

/// A kind that can be chosen.
pub(super) struct KindView {
    pub(super) word: &'static str,
    pub(super) label: String,
    pub(super) chosen: bool,
}

/// Something that needs a person.
pub(super) struct WorkView {
    pub(super) kind: String,
    pub(super) book: String,
    pub(super) summary: String,
    pub(super) state: String,
    pub(super) amount: String,
    pub(super) user: String,
    pub(super) user_href: String,
    pub(super) since: TimeView,
    pub(super) runbook: String,
    pub(super) href: String,
}

/// The list, or why there is none.
#[derive(Default)]
pub(super) struct WorkList {
    /// Nothing is listed before a person says why they look.
    pub(super) needs_reason: bool,
    /// What the monitor refused.
    pub(super) failure: String,
    pub(super) kinds: Vec<KindView>,
    pub(super) items: Vec<WorkView>,
    pub(super) older: String,
}

/// What the address asks for.
pub(super) struct AskedWork {
    word: &'static str,
    kind: WorkKind,
    page: String,
}

impl AskedWork {
    /// Fails for a kind that is none.
    pub(super) fn read(filters: &Filters) -> Option<Self> {
        let asked = if filters.get("work").is_empty() { "any" } else { filters.get("work") };
        let (word, kind) = KINDS.into_iter().find(|(word, _)| *word == asked)?;
        Some(Self { word, kind, page: filters.get("page").to_owned() })
    }

    /// The call for the same data.
    pub(super) fn call(&self, console: &Console) -> CallView {
        let mut message = json!({"pageSize": ITEMS});
        if self.kind != WorkKind::Unspecified {
            message["kind"] = json!(self.kind.as_str_name());
        }
        CallView::new(&console.target, LIST_WORK, &message)
    }

    /// Asks the monitor. What the address got wrong, and a session that has ended, is an error; without an answer the rest of the page is still worth showing.
    pub(super) async fn load(&self, console: &Console, visitor: &Visitor, label: impl Fn(&str) -> String) -> Result<WorkList, Status> {
        if visitor.reason.is_none() {
            return Ok(WorkList { needs_reason: true, ..WorkList::default() });
        }
        let request =
            ListWorkRequest { kind: self.kind.into(), page_size: ITEMS, page_token: self.page.clone(), ..ListWorkRequest::default() };
        match console.monitor_client().list_work(visitor.request(request)).await {
            Ok(answer) => Ok(self.list(&answer.into_inner(), label)),
            Err(status) if matches!(status.code(), Code::InvalidArgument | Code::Unauthenticated) => Err(status),
            Err(status) => Ok(WorkList { failure: crate::answer::in_words(&status), ..self.list(&ListWorkResponse::default(), label) }),
        }
    }

    pub(super) fn list(&self, answer: &ListWorkResponse, label: impl Fn(&str) -> String) -> WorkList {
        let older = Filters::address("/", &[("work", self.word), ("page", &answer.next_page_token)]);
        WorkList {
            kinds: KINDS.into_iter().map(|(word, _)| KindView { word, label: word.replace('_', " "), chosen: word == self.word }).collect(),
            items: answer.items.iter().map(|found| item(found, label(&found.book))).collect(),
            older: if answer.next_page_token.is_empty() { String::new() } else { older },
            ..WorkList::default()
        }
    }
}

fn item(item: &WorkItem, book: String) -> WorkView {
    let word = KINDS.into_iter().find(|(_, kind)| *kind == item.kind() && *kind != WorkKind::Unspecified).map_or("other", |(word, _)| word);
    let runbook = item.runbook.rsplit('/').next().unwrap_or_default();
    let is_thing = item.thing_kind() != ThingKind::Unspecified;
    WorkView {
        kind: word.replace('_', " "),
        book,
        summary: shown(&item.summary).into_owned(),
        state: shown(&item.state).replace('_', " "),
        amount: unit_amount(item.amount.as_ref()),
        user: shown(&item.user_id).into_owned(),
        user_href: Filters::address("/user", &[("id", &item.user_id)]),
        since: TimeView::of(item.since_time.as_ref()),
        runbook: shown(runbook.strip_suffix(".md").unwrap_or(runbook)).into_owned(),
        href: if is_thing { things::href(item.thing_kind(), &item.id, &item.book) } else { String::new() },
    }
}
