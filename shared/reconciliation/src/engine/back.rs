//! Money that comes back, and reversals. A return has the reference of the payment that it is of, and is never its second settlement.

use super::{OpenLine, Run, StepResult, draft::CaseDraft, named::unknown, sums_key};
use crate::{
    class::ExceptionClass,
    posting::{PostingBook, ProposedPosting},
    rule::{Explained, ReconciliationRule},
};
use matching::BankLine;

impl Run<'_, '_, '_> {
    /// Decides about returns and reversals, after everything that they may be of.
    pub(super) fn money_back(&mut self, open: Vec<OpenLine>) -> StepResult<()> {
        for open in open {
            let single = open.target.as_ref().map(|target| target.items.clone());
            match single.as_deref() {
                Some([item]) if open.repeats.is_none() => self.back_of(&open, *item)?,
                Some([_]) => {
                    let detail = "one statement has the entry twice under one reference of the bank, and its balance counts both";
                    self.open_case(CaseDraft::new(unknown(&open.line), &open.line, &[], detail).by(&open))?;
                }
                Some(items) => {
                    let detail = format!("it came back, and {} items have its reference", items.len());
                    self.open_case(CaseDraft::new(ExceptionClass::ReferenceMismatch, &open.line, items, detail).by(&open))?;
                }
                None => {
                    self.open_case(CaseDraft::new(unknown(&open.line), &open.line, &[], "it came back, and no item has its reference"))?;
                }
            }
        }
        Ok(())
    }

    fn back_of(&mut self, open: &OpenLine, item: u32) -> StepResult<()> {
        let line = &open.line;
        let draft = |class, detail: String| CaseDraft::new(class, line, &[item], detail).by(open);
        let expected = self.store.least(item);
        if line.account.as_deref() != Some(self.store.account(item)) {
            return self.open_case(draft(ExceptionClass::ReferenceMismatch, "it came back on another account".to_owned())).map(drop);
        }
        if line.amount.currency() != expected.currency() {
            let detail = format!("{expected} was paid, {} came back", line.amount);
            return self.open_case(draft(ExceptionClass::CurrencyMismatch, detail)).map(drop);
        }
        if line.direction == self.store.direction(item) {
            return self.open_case(draft(unknown(line), "a return was taken back: the money left again".to_owned())).map(drop);
        }
        if line.amount == expected && self.undoes_duplicate(open, item) {
            return Ok(());
        }
        let (earlier, _) = self.store.earlier(item);
        let before = *self.back.entry(item).or_insert(i128::from(earlier));
        let sum = before + i128::from(line.amount.minor_units());
        self.back.insert(item, sum);
        let most = i128::from(self.store.get(item).most);
        let what = if line.is_reversal { "the bank undid its booking" } else { "it came back" };
        let (class, detail) = if sum > most {
            (ExceptionClass::ReturnDiffers, format!("{what}, and {sum} minor units of {most} came back in all"))
        } else if line.amount == expected {
            let code = line.returned.as_ref().and_then(|returned| returned.code.clone());
            let code = code.map_or_else(String::new, |code| format!(" with reason {code}"));
            (ExceptionClass::SettledThenReturned, format!("{what}{code}"))
        } else {
            (ExceptionClass::ReturnDiffers, format!("{what}: {} of {expected}", line.amount))
        };
        // A return proves the payment, also one whose debit is not in these statements.
        let is_proof = !self.is_taken(item) && self.store.get(item).status == crate::store::ItemStatus::Free;
        let draft = draft(class, detail);
        self.open_case(if is_proof { draft.taking_items() } else { draft }).map(drop)
    }

    /// While a payment is out twice, money that comes back undoes the second booking: the payee still has the first.
    fn undoes_duplicate(&mut self, open: &OpenLine, item: u32) -> bool {
        let (line, key) = (&open.line, self.store.key(item).to_owned());
        let evidence = open.target.as_ref().map(|target| target.evidence.clone()).unwrap_or_default();
        let rule = open.target.as_ref().map(|target| target.rule).or(Some(ReconciliationRule::EndToEndId));
        if let Some(case) = self.duplicates.get_mut(&item).and_then(Vec::pop) {
            let of = self.undo(case, line.place);
            self.explain(line, Explained::UndoesDuplicate { item: key, of }, rule, evidence, Vec::new());
            return true;
        }
        let undone = self.undone_before.entry(item).or_default();
        if *undone >= self.store.earlier(item).1 {
            return false;
        }
        *undone += 1;
        self.sums.entry(sums_key(line)).or_default().to_post += line.direction.signed(line.amount);
        let postings = vec![suspense_back(line)];
        self.explain(line, Explained::UndoesDuplicate { item: key, of: None }, rule, evidence, postings);
        true
    }
}

/// The duplicate of an earlier statement was posted to suspense.
fn suspense_back(line: &BankLine) -> ProposedPosting {
    let pair = match line.direction {
        iso20022::camt053::Direction::Credit => ["cash", "suspense"],
        iso20022::camt053::Direction::Debit => ["unallocated", "cash"],
    };
    let (debit, credit) = (pair[0], pair[1]);
    ProposedPosting { book: PostingBook::Treasury, debit, credit, amount: line.amount, reason: "the second booking is back" }
}
