//! Items that no line settled: outstanding at first, and cases when their time is over.

use super::{Run, StepResult};
use crate::{
    age::AgeBucket,
    case::{Case, Outstanding},
    class::{CaseOwner, ExceptionClass},
    item::ItemKind,
    store::{ItemStatus, is_in_books},
};
use jiff::civil::Date;

impl Run<'_, '_, '_> {
    /// Opens cases for items whose time is over, and says which others did not come yet.
    pub(super) fn missing(&mut self) -> StepResult<Vec<Outstanding>> {
        let mut outstanding = Vec::new();
        for item in self.store.numbers() {
            let packed = self.store.get(item);
            // An agreed charge that the bank does not take is nobody's loss.
            let is_missing = match packed.status {
                ItemStatus::Free => packed.kind != ItemKind::Charge,
                ItemStatus::InCaseElsewhere => is_in_books(packed),
                ItemStatus::Settled | ItemStatus::InCase | ItemStatus::Rejected => false,
            };
            if !is_missing {
                continue;
            }
            let account = self.store.account(item);
            let since = if packed.is_credit { packed.last_day() } else { packed.begun() };
            let age = self.age(Some(account), since)?;
            let amount = self.store.least(item);
            let difference = if is_in_books(packed) { self.store.direction(item).signed(amount) } else { 0 };
            match self.overdue(item, since, age)? {
                Some((class, detail)) if packed.status == ItemStatus::Free => self.cases.push(Case {
                    class,
                    account: Some(account.to_owned()),
                    amount: Some(amount),
                    difference,
                    statement: None,
                    places: Vec::new(),
                    items: vec![self.store.key(item).to_owned()],
                    since,
                    age_banking_days: age,
                    age: AgeBucket::of(age),
                    owner: class.owner(),
                    next_step: class.next_step(),
                    detail,
                    rule: None,
                    evidence: Vec::new(),
                    proposal: None,
                    postings: Vec::new(),
                    undone_by: None,
                    is_noted_only: false,
                }),
                _ => outstanding.push(Outstanding {
                    item: self.store.key(item).to_owned(),
                    account: account.to_owned(),
                    amount,
                    difference,
                    since,
                    age_banking_days: age,
                    owner: if packed.is_credit { CaseOwner::Treasury } else { CaseOwner::Payments },
                }),
            }
        }
        Ok(outstanding)
    }

    /// Why somebody has to look for an item, if its time is over.
    fn overdue(&self, item: u32, since: Option<Date>, age: u32) -> StepResult<Option<(ExceptionClass, String)>> {
        let packed = self.store.get(item);
        let (kind, today) = (packed.kind, self.terms.today);
        let Some(since) = since.filter(|since| *since <= today) else { return Ok(None) };
        if packed.is_credit {
            let is_over = today > since && age >= kind.patience_banking_days();
            let detail = format!("expected until {since}, and it did not come in the {age} banking days after that");
            return Ok(is_over.then_some((ExceptionClass::ReceiptExpected, detail)));
        }
        let is_final = match packed.final_day.day() {
            Some(last) => today > last,
            None => age > kind.final_banking_days(),
        };
        if is_final {
            return Ok(Some((ExceptionClass::LostInBank, format!("sent on {since}; it was not debited while it could be"))));
        }
        let is_over = age >= kind.patience_banking_days();
        Ok(is_over.then(|| (ExceptionClass::SentNotDebited, format!("sent on {since}, {age} banking days ago, and not debited"))))
    }
}
