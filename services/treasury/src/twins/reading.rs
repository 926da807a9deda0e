//! What the ledger says of claims and their twins.
use crate::{
    domain::{ClaimAccount, ClaimMove, TwinPosition, claim::moves},
    error::Error,
    postings::{APP_BOOKED_MS, APP_SEQ},
    treasury::Treasury,
};
use chart::PostingKind;
use ledger_client::{EntriesWanted, ListedEntry};
use money::BookName;

/// Moves that are read at once: a batch of twins.
pub(crate) const MOVES_MAX: usize = 200;
/// Pages of entries that are no twins, before the search for an account's last twin ends.
const TWIN_PAGES_MAX: usize = 50;

/// The first moves of a claim after a position.
#[derive(Debug, Default)]
pub(crate) struct ClaimPage {
    /// What was claimed at the position, if the app's book still has that posting.
    pub at_position: Option<i64>,
    /// The moves, oldest first.
    pub moves: Vec<ClaimMove>,
    /// Whether there are more.
    pub more: bool,
}

impl Treasury {
    /// The last twin of an account up to an event of the treasury book, as the ledger has it. `claimed` is what twins add up to.
    pub(crate) async fn twin_position(&self, claim: &ClaimAccount, until_seq: i64) -> Result<TwinPosition, Error> {
        let (mirror, mut page_token) = (claim.mirror(), String::new());
        for _ in 0..TWIN_PAGES_MAX {
            let wanted = EntriesWanted { book: &self.book, account: &mirror, oldest_first: false, booked_from_ms: 0, page_token };
            let page = self.ledger.entries(wanted).await?;
            let is_twin = |entry: &&ListedEntry| entry.seq <= until_seq && entry.kind == PostingKind::TreasuryTwin.name();
            if let Some(entry) = page.entries.iter().find(is_twin) {
                return self.position_of(entry).await;
            }
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return Ok(TwinPosition::default());
            }
        }
        Err(Error::Twin(format!("{mirror} has thousands of entries after its last twin")))
    }

    async fn position_of(&self, entry: &ListedEntry) -> Result<TwinPosition, Error> {
        let posting = self.ledger.posting_by_id(&self.book, entry.posting).await?;
        let number = |name: &str| {
            let value = posting.field(name).and_then(|value| value.parse::<i64>().ok());
            value.ok_or_else(|| Error::Twin(format!("twin {} does not say its {name}", entry.posting)))
        };
        let claimed = entry.balance_after.checked_neg().ok_or(Error::Overflow)?;
        Ok(TwinPosition { seq: number(APP_SEQ)?, claimed, booked_ms: number(APP_BOOKED_MS)? })
    }

    /// What an app's book did to a claim after a position: at most [`MOVES_MAX`] moves.
    pub(crate) async fn claim_moves(&self, app: &BookName, account: &str, from: TwinPosition) -> Result<ClaimPage, Error> {
        let mut entries: Vec<ListedEntry> = Vec::new();
        let mut page_token = String::new();
        loop {
            let wanted = EntriesWanted { book: app, account, oldest_first: true, booked_from_ms: from.booked_ms, page_token };
            let page = self.ledger.entries(wanted).await?;
            entries.extend(page.entries);
            page_token = page.next_page_token;
            let mut moves = moves(from, &entries).ok_or(Error::Overflow)?;
            // The last posting of a page may go on in the next one.
            let more = !page_token.is_empty() || moves.len() > MOVES_MAX;
            if page_token.is_empty() || moves.len() > MOVES_MAX {
                moves.truncate(MOVES_MAX);
                let at = entries.iter().rfind(|entry| entry.seq == from.seq);
                let at_position = at.map(|entry| entry.balance_after.checked_neg().ok_or(Error::Overflow)).transpose()?;
                return Ok(ClaimPage { at_position, moves, more });
            }
        }
    }
}
