//! One issuing posting for each credited purchase, and the reverse.
use super::{Fault, postings};
use ledger::store::{Book, Store};
use money::BookName;
use uuid::Uuid;

/// Problems told one by one; the rest is counted.
const TOLD_MAX: usize = 20;

pub(super) struct Join {
    pub credited: usize,
    pub problems: Vec<String>,
}

pub(super) async fn join(tables: &purchase::Store, store: &dyn Store, (book, name): (&Book, &BookName)) -> Result<Join, Fault> {
    let mut issuing = postings(store, book, "purchase.").await?;
    let (mut credited, mut problems, mut after) = (0, Vec::new(), None);
    loop {
        let page = tables.credited(name, after).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.purchase_id);
        credited += page.len();
        for purchase in page {
            let posting = Uuid::try_parse(&purchase.posting_id).ok().and_then(|id| issuing.remove(&id));
            if posting.is_none() {
                problems.push(format!("purchase {} is credited by no posting of its own", purchase.purchase_id));
            }
        }
    }
    problems.extend(issuing.iter().map(|(id, seq)| format!("event {seq}, posting {id}, issues coins for no credited purchase")));
    if problems.len() > TOLD_MAX {
        let more = problems.len() - TOLD_MAX;
        problems.truncate(TOLD_MAX);
        problems.push(format!("and {more} more"));
    }
    Ok(Join { credited, problems })
}
