//! What postings say besides their amounts: the fields that their services gave them.
use crate::{
    domain::statement::{StatementLine, line::LineDetails},
    error::Error,
    treasury::Treasury,
};
use api::ledger::Posting;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// Postings that are asked for at once.
const CALLS_AT_ONCE: usize = 32;
/// Longest reference that formats carry: `Max35Text` of ISO 20022.
const REFERENCE_CHARS_MAX: usize = 35;
/// Longest reason of a return: `ExternalReturnReason1Code` of ISO 20022.
const REASON_CHARS_MAX: usize = 4;

impl Treasury {
    /// The details of these entries, in their order.
    pub(crate) async fn details(&self, lines: &[StatementLine]) -> Result<Vec<LineDetails>, Error> {
        let ids: BTreeSet<Uuid> = lines.iter().filter_map(|line| line.posting_id.parse().ok()).collect();
        let one = async |id: Uuid| -> Result<_, Error> { Ok((id, details(&self.ledger.posting_by_id(&self.book, id).await?))) };
        let found: BTreeMap<Uuid, LineDetails> = stream::iter(ids).map(one).buffer_unordered(CALLS_AT_ONCE).try_collect().await?;
        let of = |line: &StatementLine| line.posting_id.parse().ok().and_then(|id: Uuid| found.get(&id).cloned()).unwrap_or_default();
        Ok(lines.iter().map(of).collect())
    }
}

/// A payout goes to banks under its id without hyphens.
fn details(posting: &Posting) -> LineDetails {
    let field = |name: &str| posting.field(name).filter(|value| !value.is_empty()).map(str::to_owned);
    let payout = || field("payout_id").map(|id| id.replace('-', ""));
    let end_to_end = field("end_to_end_id").or_else(payout).filter(|id| is_reference(id, REFERENCE_CHARS_MAX));
    let reason = field("return_reason").or_else(|| field("reason_code")).filter(|code| is_reference(code, REASON_CHARS_MAX));
    LineDetails { end_to_end_id: end_to_end, return_reason: reason }
}

/// Whether every format can carry it.
fn is_reference(text: &str, chars_max: usize) -> bool {
    (1..=chars_max).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}
