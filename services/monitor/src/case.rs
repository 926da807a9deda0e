//! A case: what happened to a thing, where its money came from, and what became of it. A page reads what it needs and no more: of thousands of gifts in a payout it reads those
//! that it shows.
//!
//! Money is followed depth first. The place of a step is the path to it, by the transfers on the accounts through which the money is followed; so a page begins where the
//! one before it ended without looking for it.
use crate::{
    audit::ReadFault,
    error::ForeignPosition,
    explain::{
        SoughtId, StoryTeller,
        newest::NewestStates,
        seek::ExplainedThing,
        summaries::{IdKind, ThingSummary},
    },
};
use books::{
    domain::{
        account::BookAccount,
        event::{Event, Transfer, seq_of},
    },
    read::trail::{self, TrailPage, TrailRange},
};
use futures::{FutureExt as _, future::BoxFuture};
use identity::Role;
use rpc::page::PagePosition;
use std::collections::HashMap;

mod own;

/// How far money is followed: a full cycle has four things, and the path to a step must fit into a page token.
const DEPTH_MAX: usize = 6;
/// Links read at once.
const LINKS_MAX: usize = 32;
/// Entries of an account examined at once.
const ENTRIES_MAX: usize = 2_000;

/// Which part of a case a step belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum CaseSide {
    Itself,
    Sources,
    Uses,
}

/// What a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StepClass {
    State,
    Posting,
    Message,
    Thing,
}

/// A step of a case.
#[derive(Debug, Clone)]
pub(crate) struct StepFound {
    pub(crate) class: StepClass,
    pub(crate) side: CaseSide,
    pub(crate) depth: usize,
    pub(crate) thing: ThingSummary,
    /// In microseconds since the Unix epoch.
    pub(crate) time: Option<i64>,
    pub(crate) amount: Option<(String, i64)>,
    pub(crate) posting_id: String,
    pub(crate) state: String,
    pub(crate) ids: Vec<String>,
    pub(crate) told: String,
}

/// The last step that was shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CasePosition {
    /// One of the thing itself: so many of them were shown.
    Own(u16),
    /// One of its sources or uses.
    Linked(CaseSide, Vec<LinkStep>),
}

/// A step of a path: the number of the leg of the postings above it, and of the transfer on the account of that leg.
pub(crate) type LinkStep = (u8, i64);

impl PagePosition for CasePosition {
    fn write(&self, token: &mut Vec<u8>) {
        match self {
            Self::Own(shown) => {
                token.push(0);
                token.extend_from_slice(&shown.to_be_bytes());
            }
            Self::Linked(side, path) => {
                token.push(if *side == CaseSide::Sources { 1 } else { 2 });
                for (leg, no) in path {
                    token.push(*leg);
                    no.write(token);
                }
            }
        }
    }

    fn read(token: &mut &[u8]) -> Option<Self> {
        let side = match token.split_off_first()? {
            0 => return Some(Self::Own(u16::from_be_bytes(token.split_off(..2)?.try_into().ok()?))),
            1 => CaseSide::Sources,
            2 => CaseSide::Uses,
            _ => return None,
        };
        let mut path = Vec::new();
        while let Some(leg) = token.split_off_first() {
            path.push((*leg, i64::read(token)?));
        }
        (1..=DEPTH_MAX).contains(&path.len()).then_some(Self::Linked(side, path))
    }
}

/// A page of a case.
pub(crate) struct CaseFound {
    pub(crate) thing: ThingSummary,
    /// In their order, each with its position; more than the page has if the case continues.
    pub(crate) steps: Vec<(StepFound, CasePosition)>,
}

/// What a request asks for.
pub(crate) struct CaseAsked<'a> {
    pub(crate) sought: &'a SoughtId,
    /// Only a thing of this kind.
    pub(crate) kind: Option<IdKind>,
    pub(crate) role: Role,
    pub(crate) after: Option<CasePosition>,
    pub(crate) rows: usize,
}

/// The case of what the id stands for in one of these books; none where it stands for nothing that the caller may see.
pub(crate) async fn case(tellers: Vec<StoryTeller>, asked: &CaseAsked<'_>) -> Result<Option<CaseFound>, ReadFault> {
    for teller in &tellers {
        for thing in teller.seek(asked.sought).await? {
            let summary = teller.summary(&thing).await?;
            if !summary.kind.is_for(asked.role) || asked.kind.is_some_and(|kind| kind != summary.kind) {
                continue;
            }
            let steps = steps(teller, &thing, &summary, asked).await?;
            return Ok(Some(CaseFound { thing: summary, steps }));
        }
    }
    Ok(None)
}

async fn steps(
    teller: &StoryTeller,
    thing: &ExplainedThing,
    summary: &ThingSummary,
    asked: &CaseAsked<'_>,
) -> Result<Vec<(StepFound, CasePosition)>, ReadFault> {
    let own = own::steps(teller, thing, summary).await?;
    let (shown, resumed) = match &asked.after {
        None => (0, None),
        Some(CasePosition::Own(shown)) => (usize::from(*shown), None),
        Some(CasePosition::Linked(side, path)) => (usize::MAX, Some((*side, path.as_slice()))),
    };
    let numbered = (1_u16..).zip(own.steps).map(|(number, step)| (step, CasePosition::Own(number)));
    let mut walk = CaseWalk {
        teller,
        role: asked.role,
        root: (summary.kind, &summary.id),
        side: CaseSide::Sources,
        rows: asked.rows,
        steps: numbered.skip(shown).take(asked.rows).collect(),
        rows_by_key: HashMap::new(),
        newest: None,
    };
    for side in [CaseSide::Sources, CaseSide::Uses] {
        let path = match resumed {
            Some((of, path)) if of == side => path,
            Some((of, _)) if of > side => continue,
            Some(_) | None => &[],
        };
        // Of accounts whose money is followed forwards, the last transfer must be known.
        (walk.side, walk.rows_by_key) = (side, HashMap::new());
        walk.follow(own.events.clone(), Vec::new(), path).await?;
    }
    Ok(walk.steps)
}

/// A leg of postings: a transfer, and the person's account through which its money is followed.
struct CaseLeg {
    event_seq: i64,
    transfer: Transfer,
    account: BookAccount,
}

struct CaseWalk<'a> {
    teller: &'a StoryTeller,
    /// The thing itself, which is no source of its own postings.
    root: (IdKind, &'a str),
    role: Role,
    side: CaseSide,
    rows: usize,
    steps: Vec<(StepFound, CasePosition)>,
    /// Accounts that were read, by key.
    rows_by_key: HashMap<i64, BookAccount>,
    /// What their rows may lack, once it was read: for all accounts of a page.
    newest: Option<NewestStates>,
}

impl CaseWalk<'_> {
    fn is_full(&self) -> bool {
        self.steps.len() >= self.rows
    }

    /// Adds what is linked with these postings, depth first, after the step at `resumed` of those below `path`.
    fn follow<'b>(&'b mut self, events: Vec<Event>, path: Vec<LinkStep>, resumed: &'b [LinkStep]) -> BoxFuture<'b, Result<(), ReadFault>> {
        // Boxed, because it calls itself.
        async move {
            if self.is_full() || path.len() >= DEPTH_MAX {
                return Ok(());
            }
            let first_leg = resumed.first().map_or(0, |(leg, _)| usize::from(*leg));
            let legs = self.legs(&events).await?;
            if !resumed.is_empty() && first_leg >= legs.len() {
                return Err(ForeignPosition.into());
            }
            for (number, leg) in legs.iter().enumerate().skip(first_leg).take(usize::from(u8::MAX)) {
                let resumed = if number == first_leg { resumed } else { &[] };
                self.follow_leg(leg, u8::try_from(number)?, &path, resumed).await?;
                if self.is_full() {
                    break;
                }
            }
            Ok(())
        }
        .boxed()
    }

    async fn follow_leg(&mut self, leg: &CaseLeg, number: u8, path: &[LinkStep], resumed: &[LinkStep]) -> Result<(), ReadFault> {
        let mut from_no = 0;
        if let Some((_, no)) = resumed.first() {
            let shown = self.teller.store.transfers(self.teller.book.key, *no, 1).await?.into_iter().next();
            let is_of_leg = |transfer: &Transfer| transfer.no == *no && [transfer.debit, transfer.credit].contains(&leg.account.key);
            shown.filter(is_of_leg).ok_or(ForeignPosition)?;
            from_no = *no;
        }
        let mut resumed = resumed;
        while !self.is_full() {
            let page = self.page(leg, from_no).await?;
            self.teller.read_ahead(page.parts.iter().map(|part| seq_of(part.transfer.no))).await?;
            for part in &page.parts {
                let seq = seq_of(part.transfer.no);
                // A posting that puts money into an account and takes it out again is no link to another thing.
                if seq == leg.event_seq {
                    continue;
                }
                let mut path = path.to_vec();
                path.push((number, part.transfer.no));
                let event = self.teller.event_at(seq).await?;
                // The step with which the page before this one ended, or one above it, was shown there.
                let below = match resumed.split_first() {
                    Some(((_, no), below)) if *no == part.transfer.no => below,
                    _ if !self.link(&event, leg, part.amount, &path).await? => continue,
                    _ => &[],
                };
                resumed = &[];
                self.follow(vec![event], path, below).await?;
                if self.is_full() {
                    return Ok(());
                }
            }
            from_no = page.next_no;
            if from_no == 0 {
                break;
            }
        }
        Ok(())
    }

    async fn page(&self, leg: &CaseLeg, from_no: i64) -> Result<TrailPage, ReadFault> {
        let range = TrailRange { from_no, parts_max: LINKS_MAX.min(self.rows - self.steps.len()).max(1), entries_max: ENTRIES_MAX };
        let (store, book) = (&*self.teller.store, self.teller.book.key);
        Ok(match self.side {
            CaseSide::Uses => trail::uses_page(store, book, &leg.account, &leg.transfer, range).await?,
            CaseSide::Sources | CaseSide::Itself => trail::sources_page(store, book, leg.account.key, &leg.transfer, range).await?,
        })
    }

    /// The legs of these postings through which money is followed: on the accounts of people, but for their debts to the company.
    async fn legs(&mut self, events: &[Event]) -> Result<Vec<CaseLeg>, ReadFault> {
        let key = |transfer: &Transfer| if self.side == CaseSide::Sources { transfer.debit } else { transfer.credit };
        let transfers: Vec<(i64, Transfer, i64)> =
            events.iter().flat_map(|event| event.transfers.iter().map(|moved| (event.seq, moved.clone(), key(moved)))).collect();
        let missing: Vec<i64> = transfers.iter().map(|(.., key)| *key).filter(|key| !self.rows_by_key.contains_key(key)).collect();
        if !missing.is_empty() {
            let mut read = self.teller.store.accounts_by_key(self.teller.book.key, &missing).await?;
            if self.side == CaseSide::Uses {
                let newest = match &mut self.newest {
                    Some(newest) => newest,
                    unread => unread.insert(self.teller.newest_states().await?),
                };
                read.iter_mut().for_each(|account| newest.apply(account));
            }
            self.rows_by_key.extend(read.into_iter().map(|account| (account.key, account)));
        }
        let leg = |(event_seq, transfer, key): (i64, Transfer, i64)| {
            let account = self.rows_by_key.get(&key).filter(|account| crate::explain::is_a_persons(account))?.clone();
            Some(CaseLeg { event_seq, transfer, account })
        };
        Ok(transfers.into_iter().filter_map(leg).collect())
    }

    /// Adds the thing that a posting belongs to; false if that is the thing itself.
    async fn link(&mut self, event: &Event, leg: &CaseLeg, amount: i64, path: &[LinkStep]) -> Result<bool, ReadFault> {
        let thing = self.teller.thing_of(event.clone()).await?;
        let summary = self.teller.summary(&thing).await?;
        if (summary.kind, summary.id.as_str()) == self.root {
            return Ok(false);
        }
        // Of what the role may not read the posting is shown, which is an entry of the account that it may read.
        let (thing, summary) = if summary.kind.is_for(self.role) {
            (thing, summary)
        } else {
            let posting = ExplainedThing::Posting(event.clone().into());
            let summary = self.teller.summary(&posting).await?;
            (posting, summary)
        };
        let step = StepFound {
            class: StepClass::Thing,
            side: self.side,
            depth: path.len(),
            time: self.teller.commit_time_at(event.seq).await?,
            amount: Some((leg.account.unit.to_string(), amount)),
            posting_id: event.id.to_string(),
            state: own::posting_kind(event),
            ids: own::ids(&thing),
            told: summary.told.clone(),
            thing: summary,
        };
        self.steps.push((step, CasePosition::Linked(self.side, path.to_vec())));
        Ok(true)
    }
}
