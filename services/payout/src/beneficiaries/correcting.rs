//! Corrections of accounts by the banks that hold them: notifications of change of ACH entries. What names the account is applied, and is in effect from the next
//! payout on; a name or an identification is identity data, which only people change.

use super::sealed::SealedPayee;
use crate::{
    banks::{connector::AchCorrection, nacha::file::FiledEntry},
    domain::{Payout, PayoutKey, ach::GivenPayment},
    drive::now_ms,
    error::Error,
    payouts::Payouts,
    store::{
        ach::{self, KeptChange},
        beneficiaries::{self, Beneficiary},
    },
};
use accounts::{AddressField as F, AddressKind, AddressRules, PayoutAddress};
use bankfiles::nacha::{AccountChange, AccountKind, AchAccount};
use money::BookName;
use serde_json::json;

/// What a notification leads to: the account from now on, or why it stays as it is.
type Corrected = Result<Option<PayoutAddress>, String>;

impl Payouts {
    /// Keeps a notification of change of a payment of ours, and applies it to the beneficiary where it names the account. Returns in words what it led to.
    pub(crate) async fn correct_beneficiary(&self, entry: &GivenPayment, correction: &AchCorrection) -> Result<String, Error> {
        let key = PayoutKey { book: entry.book.clone(), payout_id: entry.payout_id };
        let Some(payout) = self.store.payout(&key).await? else { return Ok(format!("{}: its payout is not there", entry.trace)) };
        let sent = self.filed_account(&key, entry).await?;
        self.keep_correction(entry, correction, &payout, sent.as_ref()).await
    }

    /// The account as the entry had it; none once that was erased.
    async fn filed_account(&self, key: &PayoutKey, entry: &GivenPayment) -> Result<Option<AchAccount>, Error> {
        let messages = self.store.messages(&self.vault, key).await?;
        let mut filed = messages.iter().filter_map(|message| serde_json::from_slice::<FiledEntry>(&message.body).ok());
        Ok(filed.find(|filed| filed.trace == entry.trace).map(|filed| filed.account()))
    }

    async fn keep_correction(
        &self,
        entry: &GivenPayment,
        correction: &AchCorrection,
        payout: &Payout,
        sent: Option<&AchAccount>,
    ) -> Result<String, Error> {
        let (trace, code) = (&entry.trace, &correction.code);
        let mut tx = self.store.begin().await?;
        beneficiaries::hold(&mut tx, &payout.book, payout.beneficiary_id).await?;
        let row = beneficiaries::get(&mut tx, &payout.book, payout.beneficiary_id).await?;
        let corrected = match (&row, sent) {
            (Some(row), Some(sent)) => self.corrected(&payout.book, row, sent, correction)?,
            _ => Err("the beneficiary, or what was sent to it, was erased".to_owned()),
        };
        let why = corrected.as_ref().err().cloned().unwrap_or_default();
        let kept = KeptChange {
            bank: entry.bank.clone(),
            trace: trace.clone(),
            code: code.clone(),
            book: payout.book.clone(),
            payout_id: payout.payout_id,
            is_applied: corrected.is_ok(),
            why: why.clone(),
            data: correction.change.as_ref().map_or_else(|why| json!({ "unread": why }), |change| json!(change)).to_string(),
            received_at_ms: now_ms(),
        };
        if !ach::keep_change(&mut tx, &self.vault, &kept).await? {
            return Ok(format!("{trace}: {code} was there before"));
        }
        if let (Some(row), Ok(Some(address))) = (&row, &corrected) {
            let sealed = SealedPayee::open(&self.vault, &payout.book, row)?.with_address(address.clone())?;
            let after = Beneficiary {
                sealed: sealed.seal(&self.vault, &payout.book, &row.user, row.beneficiary_id)?,
                masked_account: address.masked(),
                account_digest: self.vault.digest(&address.canonical()),
                correction_code: code.clone(),
                corrected_at_ms: now_ms(),
                ..row.clone()
            };
            let is_written = beneficiaries::correct(&mut tx, &payout.book, row, &after).await?;
            assert!(is_written, "the row is locked since it was read");
        }
        tx.commit().await?;
        if !why.is_empty() {
            let payout_id = payout.payout_id;
            tracing::warn!(%payout_id, trace, code, why, "a notification of change is kept and was not applied; people have to decide");
            return Ok(format!("{trace}: {code} is kept for people: {why}"));
        }
        Ok(format!("{trace}: the account was corrected ({code})"))
    }

    /// The account that a notification leads to; none: the beneficiary has it already.
    fn corrected(&self, book: &BookName, row: &Beneficiary, sent: &AchAccount, correction: &AchCorrection) -> Result<Corrected, Error> {
        let change = match &correction.change {
            Ok(change) if names_account(change) => change,
            Ok(_) => return Ok(Err("it names no account".to_owned())),
            Err(why) => return Ok(Err(why.clone())),
        };
        let address = SealedPayee::open(&self.vault, book, row)?.details()?.address;
        let (current, right) = (account_of(&address), change.apply(sent));
        if current.as_ref() == Some(&right) {
            return Ok(Ok(None));
        }
        // Otherwise an old notification would undo what came after it.
        if current.as_ref() != Some(sent) {
            return Ok(Err("the account was changed since it was paid".to_owned()));
        }
        let kind = if right.kind == AccountKind::Savings { "savings" } else { "checking" };
        let given =
            [(F::RoutingNumber, right.routing_number.as_str()), (F::AccountNumber, right.account_number.as_str()), (F::AccountType, kind)];
        Ok(PayoutAddress::parse(AddressKind::UsAccount, &given, &AddressRules::default())
            .map(Some)
            .map_err(|_| "what it says is no account".to_owned()))
    }
}

fn names_account(change: &AccountChange) -> bool {
    change.routing_number.is_some() || change.account_number.is_some() || change.kind.is_some()
}

/// A US account as entries name it.
fn account_of(address: &PayoutAddress) -> Option<AchAccount> {
    let savings = address.value(F::AccountType).is_some_and(|kind| kind.eq_ignore_ascii_case("savings"));
    Some(AchAccount {
        routing_number: address.value(F::RoutingNumber)?.to_owned(),
        account_number: address.value(F::AccountNumber)?.to_owned(),
        kind: if savings { AccountKind::Savings } else { AccountKind::Checking },
    })
}
