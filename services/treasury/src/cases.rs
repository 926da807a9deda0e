//! Cases, and what people decide of them: one explains a file, two adjust an entry.
use crate::{
    domain::{
        Node, PhysicalAccount, Structure,
        bank::{Adjustment, AdjustmentKind, CaseState, KeptCase, cash_effect},
        day::{DayFacts, difference_now},
        matched,
        node::LeafState,
    },
    error::{CaseRefusal, Error},
    postings,
    store::CaseFilter,
    treasury::{Treasury, day},
};
use ledger_client::{IN_FLIGHT_MAX_MS, LedgerReason, NotPosted, is_final};
use money::time::unix_ms;
use reconciliation::ExceptionClass;
use std::collections::BTreeMap;
use uuid::Uuid;

/// A case as it is shown.
#[derive(Debug, Clone)]
pub struct ShownCase {
    /// As it is kept.
    pub kept: KeptCase,
    /// What books and bank still differ by because of it, in minor units.
    pub difference: i64,
    /// Its age in banking days.
    pub age_banking_days: u32,
}

/// A member of staff, and why they call.
#[derive(Debug, Clone, Copy)]
pub struct StaffCall<'a> {
    /// The subject.
    pub by: &'a str,
    /// The reason of the call.
    pub reason: &'a str,
}

impl Treasury {
    /// A page of cases.
    pub async fn list_cases(&self, filter: &CaseFilter, rows: i64) -> Result<Vec<ShownCase>, Error> {
        let cases = self.store.list_cases(self.book.as_str(), filter, rows).await?;
        let mut facts: BTreeMap<String, DayFacts> = BTreeMap::new();
        let mut shown = Vec::with_capacity(cases.len());
        for case in cases {
            let account = &case.account.0;
            if !facts.contains_key(account) {
                facts.insert(account.clone(), self.case_facts(account).await?);
            }
            shown.push(self.shown(case, &facts).await?);
        }
        Ok(shown)
    }

    /// A case with what was proposed for it last.
    pub async fn get_case(&self, id: &str) -> Result<(ShownCase, Option<Adjustment>), Error> {
        let case = self.kept(id).await?;
        let adjustment = self.store.newest_adjustment(self.book.as_str(), id).await?;
        Ok((self.show(case).await?, adjustment))
    }

    /// Makes somebody responsible, or nobody.
    pub async fn assign_case(&self, id: &str, assignee: &str) -> Result<ShownCase, Error> {
        self.unresolved(id).await?;
        self.store.assign(self.book.as_str(), id, assignee).await?;
        Ok(self.get_case(id).await?.0)
    }

    /// Explains a case about a file as a whole; one that is wrong takes no part any more.
    pub async fn explain_case(&self, id: &str, call: StaffCall<'_>) -> Result<ShownCase, Error> {
        let case = self.unresolved(id).await?;
        if !case.is_of_file() || case.found.class == ExceptionClass::VirtualNePhysical {
            return Err(CaseRefusal::NotByHand.of(id));
        }
        let is_wrong = matches!(case.found.class, ExceptionClass::Totals | ExceptionClass::DuplicateStatement) && !case.found.is_noted;
        self.store.explain(self.book.as_str(), &case, call.by, call.reason, is_wrong).await?;
        let structure = self.structure(None).await?;
        if let Some(account) = structure.accounts.get(&case.account.0) {
            self.reconcile(account).await?;
            self.book_entries(account, false).await?;
        }
        Ok(self.get_case(id).await?.0)
    }

    /// Records what a member of staff proposes for a case.
    pub async fn propose(&self, proposal: Adjustment, reason: &str) -> Result<Adjustment, Error> {
        let book = self.book.as_str();
        if let Some(known) = self.store.adjustment(book, proposal.id).await? {
            let is_same = (&known.case_id, known.kind, &known.transfers) == (&proposal.case_id, proposal.kind, &proposal.transfers);
            return if is_same { Ok(known) } else { Err(CaseRefusal::AdjustmentDiffers.of(&proposal.case_id)) };
        }
        let case = self.unresolved(&proposal.case_id).await?;
        if case.is_of_file() {
            return Err(CaseRefusal::OfFile.of(&proposal.case_id));
        }
        let structure = self.structure(None).await?;
        account_and_leaves(&structure, &case, &proposal)?;
        self.check_even(&case, &proposal).await?;
        self.store.propose(book, &proposal, reason).await?;
        self.store.adjustment(book, proposal.id).await?.ok_or_else(|| CaseRefusal::AdjustmentUnknown.of(&proposal.case_id))
    }

    /// Approves what another member of staff proposed, and posts it.
    pub async fn approve(&self, id: Uuid, call: StaffCall<'_>) -> Result<(Adjustment, ShownCase), Error> {
        let book = self.book.as_str();
        let unknown = || CaseRefusal::AdjustmentUnknown.of(&id.hyphenated().to_string());
        let proposal = self.store.adjustment(book, id).await?.ok_or_else(unknown)?;
        let case = self.kept(&proposal.case_id).await?;
        match proposal.state.as_str() {
            "proposed" => {
                if proposal.proposed.0 == call.by {
                    return Err(CaseRefusal::SamePerson.of(&proposal.case_id));
                }
                if case.state == CaseState::Resolved {
                    return Err(CaseRefusal::Resolved.of(&proposal.case_id));
                }
                self.check_even(&case, &proposal).await?;
                if !self.store.approve(book, &proposal, call.by, call.reason, unix_ms((self.clock)())).await? {
                    return Err(Error::Busy);
                }
            }
            "replaced" => return Err(CaseRefusal::Replaced.of(&proposal.case_id)),
            // Approved before: what is left is to post it.
            _ => {}
        }
        let proposal = self.store.adjustment(book, id).await?.ok_or_else(unknown)?;
        if proposal.state == "approved" {
            self.post_adjustment(&case, &proposal).await?;
        }
        let proposal = self.store.adjustment(book, id).await?.ok_or_else(unknown)?;
        Ok((proposal, self.get_case(&case.found.id).await?.0))
    }

    pub(crate) async fn post_adjustment(&self, case: &KeptCase, proposal: &Adjustment) -> Result<(), Error> {
        let structure = self.structure(None).await?;
        let id = chart::id::case_adjustment(proposal.id, &self.book, proposal.approved.1);
        let (account, leaves) = match account_and_leaves(&structure, case, proposal) {
            Ok(found) => found,
            Err(unusable) => return self.settle_unusable(proposal, id, unusable).await,
        };
        let draft = match proposal.kind {
            AdjustmentKind::Adjustment => postings::case_adjustment(account, &leaves, proposal.id, id, &proposal.transfers),
            AdjustmentKind::WriteOff => postings::case_write_off(account, &leaves, proposal.id, id, &proposal.transfers),
        };
        let posted = self.ledger.post(&self.book, draft).await;
        let now_ms = unix_ms((self.clock)());
        let refused = posted.as_ref().is_err_and(|not_posted| is_final(not_posted, proposal.approved.1, now_ms));
        if posted.is_ok() || refused {
            self.store.adjustment_posted(self.book.as_str(), proposal, refused).await?;
        }
        match posted {
            Ok(_) => {
                tracing::info!(case = case.found.id, by = proposal.approved.0, "an adjustment was posted");
                Ok(())
            }
            Err(NotPosted::Refused(refusal)) if refused => Err(CaseRefusal::Posting(refusal.to_string()).of(&proposal.case_id)),
            Err(other) => Err(other.into()),
        }
    }

    /// Ends an adjustment of which a leaf was closed since it was approved: the ledger has it, or nobody posts it any more.
    async fn settle_unusable(&self, proposal: &Adjustment, id: Uuid, unusable: Error) -> Result<(), Error> {
        let found = self.ledger.posting_by_id(&self.book, chart::id::posted(id, self.book.as_str())).await;
        let is_posted = match found {
            Ok(_) => true,
            Err(NotPosted::Refused(refusal)) if refusal.reason == LedgerReason::PostingUnknown => false,
            Err(open) => return Err(open.into()),
        };
        let is_old = unix_ms((self.clock)()).saturating_sub(proposal.approved.1) > IN_FLIGHT_MAX_MS;
        if is_posted || is_old {
            self.store.adjustment_posted(self.book.as_str(), proposal, !is_posted).await?;
        }
        if is_posted { Ok(()) } else { Err(unusable) }
    }

    /// Refuses an adjustment with which the case would still make books and bank differ.
    async fn check_even(&self, case: &KeptCase, proposal: &Adjustment) -> Result<(), Error> {
        let difference = self.show(case.clone()).await?.difference;
        let left = cash_effect(&proposal.transfers).and_then(|effect| difference.checked_add(effect)).ok_or(Error::Overflow)?;
        if left == 0 { Ok(()) } else { Err(CaseRefusal::Uneven(left).of(&proposal.case_id)) }
    }

    pub(crate) async fn kept(&self, id: &str) -> Result<KeptCase, Error> {
        self.store.case(self.book.as_str(), id).await?.ok_or_else(|| CaseRefusal::Unknown.of(id))
    }

    async fn unresolved(&self, id: &str) -> Result<KeptCase, Error> {
        let case = self.kept(id).await?;
        if case.state == CaseState::Resolved { Err(CaseRefusal::Resolved.of(id)) } else { Ok(case) }
    }

    async fn case_facts(&self, account: &str) -> Result<DayFacts, Error> {
        let book = self.book.as_str();
        let bookings = crate::closing::newest(self.store.bookings(book, account).await?);
        Ok(DayFacts { bookings, adjusted: self.store.adjusted(book, account).await?, ..DayFacts::default() })
    }

    async fn show(&self, case: KeptCase) -> Result<ShownCase, Error> {
        let account = case.account.0.clone();
        let facts = BTreeMap::from([(account.clone(), self.case_facts(&account).await?)]);
        self.shown(case, &facts).await
    }

    async fn shown(&self, case: KeptCase, facts: &BTreeMap<String, DayFacts>) -> Result<ShownCase, Error> {
        let none = DayFacts::default();
        let items = self.store.items_of(self.book.as_str(), &case.found.items).await?;
        let items = items.iter().map(|item| (item.key.as_str(), item)).collect();
        let facts = facts.get(&case.account.0).unwrap_or(&none);
        let is_over = case.found.is_noted || case.resolution == "matched";
        let difference = if is_over { 0 } else { difference_now(&case.found, case.closed_day.is_some(), facts, &items) };
        let age_banking_days = matched::age(&case.account.1, case.found.since, day((self.clock)()));
        Ok(ShownCase { kept: case, difference, age_banking_days })
    }
}

/// The case's account and the leaves that an adjustment names.
fn account_and_leaves<'a>(
    structure: &'a Structure,
    case: &KeptCase,
    proposal: &'a Adjustment,
) -> Result<(&'a PhysicalAccount, BTreeMap<&'a str, &'a Node>), Error> {
    let account = structure.accounts.get(&case.account.0).ok_or_else(|| Error::AccountUnknown(case.account.0.clone()))?;
    let mut leaves = BTreeMap::new();
    for id in proposal.transfers.iter().flat_map(|transfer| [&transfer.debit, &transfer.credit]).filter(|id| !id.is_empty()) {
        let is_in_use = |node: &&Node| node.leaf().is_some_and(|leaf| leaf.state != LeafState::Closed);
        let is_here = structure.root(id).is_some_and(|root| root.id == account.id);
        let node = structure.nodes.get(id).filter(is_in_use).filter(|_| is_here);
        leaves.insert(id.as_str(), node.ok_or_else(|| CaseRefusal::LeafUnknown(id.clone()).of(&proposal.case_id))?);
    }
    Ok((account, leaves))
}
