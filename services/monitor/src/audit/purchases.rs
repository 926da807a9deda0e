//! One issuing posting for each credited purchase, and the reverse; imported postings stand for purchases of elsewhere.
//!
//! Between its posting and its own row a purchase is verified and not yet credited, and its posting has the id that follows from it. So the verified
//! ones are read as well: after the postings, since each has a row before it has a posting, and before the credited, since that is what becomes of them.
use super::{ReadFault, TOLD_MAX, journal::JournalFold, seqs};
use books::store::{Book, Store};
use money::BookName;
use std::collections::BTreeSet;
use uuid::Uuid;

pub(super) struct PurchaseJoin {
    pub credited: usize,
    pub problems: Vec<String>,
}

pub(super) async fn join(
    tables: &purchase::tables::Store,
    journal: &JournalFold,
    store: &dyn Store,
    book: &Book,
    name: &BookName,
) -> Result<PurchaseJoin, ReadFault> {
    let (issuing, last_seq) = (&journal.purchases, journal.last_seq);
    let mut verified = BTreeSet::new();
    let mut after = None;
    loop {
        let page = tables.verified(name, after).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.purchase_id);
        verified.extend(page.iter().map(credited_by));
    }
    let (mut credited, mut taken, mut younger, mut problems) = (0, BTreeSet::new(), Vec::new(), Vec::new());
    let mut after = None;
    loop {
        let page = tables.credited(name, after).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.purchase_id);
        credited += page.len();
        for purchase in page {
            match Uuid::try_parse(&purchase.posting_id) {
                Ok(id) if !taken.insert(id) => problems.push(missing(purchase.purchase_id)),
                Ok(id) if issuing.contains_key(&id) => {}
                // Perhaps posted after the postings were read.
                Ok(id) => younger.push((purchase.purchase_id, id)),
                Err(_) => problems.push(missing(purchase.purchase_id)),
            }
        }
    }
    let there = seqs(store, book, younger.iter().map(|(_, id)| *id).collect()).await?;
    let lacking = |id: &Uuid| there.get(id).is_none_or(|seq| *seq <= last_seq);
    problems.extend(younger.into_iter().filter(|(_, id)| lacking(id)).map(|(purchase_id, _)| missing(purchase_id)));
    let unclaimed = issuing.iter().filter(|(id, _)| !taken.contains(*id) && !verified.contains(*id));
    problems.extend(unclaimed.map(|(id, seq)| format!("event {seq}, posting {id}, issues coins for no credited purchase")));
    if problems.len() > TOLD_MAX {
        let more = problems.len() - TOLD_MAX;
        problems.truncate(TOLD_MAX);
        problems.push(format!("and {more} more"));
    }
    Ok(PurchaseJoin { credited, problems })
}

/// The posting that credits a verified purchase, if it is there yet.
pub(super) fn credited_by(purchase: &purchase::tables::Purchase) -> Uuid {
    chart::id::posted(purchase.credit_id(), purchase.book.as_str())
}

fn missing(purchase_id: Uuid) -> String {
    format!("purchase {purchase_id} is credited by no posting of its own")
}
