//! Recording, deleting, confirming and finding the accounts that payouts go to.
//!
//! - [`rules`]: what is checked of an account and its holder. [`refusal`]: why one is not recorded.
//! - [`given`]: what an owner entered. [`sealed`]: how it is stored. [`digesting`]: digests for rows of older programs. [`desk`]: by what it is checked.
//! - [`correcting`]: corrections by the bank that holds the account.
//! - [`revealing`]: what staff are shown in clear.
//! - [`verification`]: whether the bank says that the account is the holder's.

pub mod correcting;
pub mod desk;
pub mod digesting;
pub mod given;
pub mod refusal;
pub mod revealing;
pub mod rules;
pub mod sealed;
pub mod verification;

pub use given::{GivenAccount, GivenPayee, member};
pub use refusal::BeneficiaryRefusal;
pub use rules::PayeeRules;
pub use sealed::unseal;
pub use verification::usable;

use crate::{
    domain::payee_check::{PayeeRetries, PayeeStanding},
    error::{Error, PayoutRefusal},
    payouts::Payouts,
    store::beneficiaries::{self, Beneficiary},
    vault::Vault,
};
use accounts::{AddressField, AddressKind};
use db::requests::{self, KeptAnswer, RequestKey, RequestStanding, SentFields};
use given::path;
use jiff::civil::Date;
use money::{
    BookName, RequestId, UserKey, derive_id,
    time::{millis, unix_ms, utc_day_at},
};
use sealed::SealedPayee;
use sqlx::AnyConnection;
use std::time::SystemTime;
use uuid::Uuid;
use verification::PayeeAsking;

/// The RPCs' names in the table of requests.
pub const RPCS: [&str; 3] = [CREATE, DELETE, CONFIRM];
const CREATE: &str = "CreateBeneficiary";
const DELETE: &str = "DeleteBeneficiary";
const CONFIRM: &str = "ConfirmBeneficiary";
/// Most other beneficiaries with the same account that an answer names.
const SAME_ACCOUNT_MAX: i64 = 50;

/// The id of what a user's request records.
#[must_use]
pub fn beneficiary_id(request_id: Uuid, book: &BookName, user: &UserKey) -> Uuid {
    derive_id(request_id, &[CREATE, book.as_str(), user.as_str()])
}

/// A beneficiary to record.
pub struct NewBeneficiary {
    /// The name of the book.
    pub book: BookName,
    /// The user it belongs to.
    pub user: UserKey,
    /// The client's id.
    pub request_id: RequestId,
    /// Who is paid.
    pub payee: GivenPayee,
}

/// A recorded beneficiary that its owner does something to.
pub struct BeneficiaryAct {
    /// The name of the book.
    pub book: BookName,
    /// The user it belongs to.
    pub user: UserKey,
    /// The client's id.
    pub request_id: RequestId,
    /// The beneficiary.
    pub beneficiary_id: Uuid,
}

/// A beneficiary as recorded.
pub struct CreatedBeneficiary {
    /// Its row.
    pub row: Beneficiary,
    /// Whether it had been recorded before.
    pub replayed: bool,
    /// Others of the user with the same account that are not deleted, newest first, at most 50.
    pub same_account_as: Vec<Uuid>,
}

/// The account that staff look for.
pub enum SoughtAccount {
    /// That of a beneficiary.
    Of(Uuid),
    /// This one.
    Given(GivenAccount),
}

/// The fields a retry is compared with; personal values as digests. Fields that older programs did not know are there only if they are given, so that a retry
/// of a request of theirs is the same.
fn sent_fields(vault: &Vault, payee: &GivenPayee) -> SentFields {
    let mut fields = SentFields::new().with("holder_name", vault.digest(&payee.holder_name));
    let kind = payee.account.kind;
    for (field, text) in &payee.account.fields {
        let path = path(kind, *field);
        fields = match (kind, field) {
            (AddressKind::UsAccount, AddressField::RoutingNumber) => fields.with(&path, text),
            (AddressKind::UsAccount | AddressKind::Iban, AddressField::AccountType | AddressField::Bic) if text.is_empty() => fields,
            _ => fields.with(&path, vault.digest(text)),
        };
    }
    for (at, (field, text)) in payee.postal.iter().flatten().enumerate() {
        fields = fields.with(&format!("postal_address.{at}.{}", field.name()), vault.digest(text));
    }
    let others = [
        ("tax_id", &payee.tax_id),
        ("holder_name_kana", &payee.holder_name_kana),
        ("purpose_code", &payee.purpose_code),
        ("currency_code", &payee.currency_code),
    ];
    for (name, text) in others.into_iter().filter(|(_, text)| !text.is_empty()) {
        fields = fields.with(name, vault.digest(text));
    }
    if payee.is_company {
        fields = fields.with("is_company", true);
    }
    fields
}

/// The day of the rules at a time.
pub(crate) fn day_of(now: SystemTime) -> Date {
    utc_day_at(now)
}

/// One of the user's, locked until the transaction ends. Another user's is answered as if there were none.
async fn owned(tx: &mut AnyConnection, act: &BeneficiaryAct) -> Result<Beneficiary, Error> {
    beneficiaries::hold(tx, &act.book, act.beneficiary_id).await?;
    let row = beneficiaries::get(tx, &act.book, act.beneficiary_id).await?;
    Ok(row.filter(|row| row.user == act.user).ok_or(PayoutRefusal::BeneficiaryUnknown)?)
}

impl Payouts {
    /// Records a beneficiary, unless the user has the maximum number of them. An invalid account is not kept under the id: otherwise correcting a typing error
    /// would need a new id.
    pub async fn create_beneficiary(&self, create: &NewBeneficiary, now: SystemTime) -> Result<CreatedBeneficiary, Error> {
        let id = beneficiary_id(create.request_id.uuid(), &create.book, &create.user);
        let (mut row, replayed) = self.record(create, id, now).await?;
        // One that is asked about again has its own times.
        let is_new = row.payee_check == PayeeStanding::Pending && row.payee_tries == 0;
        if let Some(asking) = self.payee_asking().filter(|_| is_new) {
            let verified = verification::verify(&self.store, &self.vault, asking, &create.book, id, now).await?;
            row = verified.unwrap_or(row);
        }
        let same = self.store.same_account(&create.book, &create.user, &row.account_digest, SAME_ACCOUNT_MAX + 1).await?;
        let mut same_account_as: Vec<Uuid> = same.into_iter().filter(|other| *other != id).collect();
        same_account_as.truncate(usize::try_from(SAME_ACCOUNT_MAX).unwrap_or(usize::MAX));
        Ok(CreatedBeneficiary { row, replayed, same_account_as })
    }

    /// Whom to ask about payees, and how often; none if no bank is to be asked.
    pub(crate) fn payee_asking(&self) -> Option<PayeeAsking<'_>> {
        let retries = PayeeRetries { delay: self.config.payee_retry_delay, tries_max: self.config.payee_tries_max };
        self.payees.verifier.as_ref().map(|verifier| PayeeAsking { verifier: &**verifier, retries })
    }

    /// Asks about the payees that are due. True: there are more.
    pub(crate) async fn verify_due_payees(&self) -> Result<bool, Error> {
        let Some(asking) = self.payee_asking() else { return Ok(false) };
        let (answered, more) = verification::verify_waiting(&self.store, &self.vault, asking, SystemTime::now()).await?;
        if answered > 0 {
            self.wake.notify_one();
        }
        Ok(more)
    }

    async fn record(&self, create: &NewBeneficiary, id: Uuid, now: SystemTime) -> Result<(Beneficiary, bool), Error> {
        let key = RequestKey { book: &create.book, subject: &create.user, rpc: CREATE, request_id: &create.request_id };
        let mut tx = self.store.begin().await?;
        match requests::begin(&mut tx, key, &sent_fields(&self.vault, &create.payee), now).await? {
            RequestStanding::New | RequestStanding::Unfinished { .. } => {}
            RequestStanding::Reused { differing } => return Err(Error::Reused(differing)),
            RequestStanding::Replay(_) => {
                // If it is missing, it was recorded long ago, its retention has ended, and it was erased: it is recorded again, under the same id.
                if let Some(kept) = beneficiaries::get(&mut tx, &create.book, id).await? {
                    return Ok((kept, true));
                }
            }
        }
        let count_max = self.config.beneficiaries_max;
        if beneficiaries::count(&mut tx, &create.book, &create.user).await? >= i64::from(count_max) {
            return Err(Error::BeneficiaryLimit(count_max));
        }
        let row = self.new_beneficiary(create, id, now)?;
        beneficiaries::insert(&mut tx, &create.book, &row).await?;
        requests::finish(&mut tx, key, &KeptAnswer::done(), now).await?;
        tx.commit().await?;
        Ok((row, false))
    }

    fn new_beneficiary(&self, create: &NewBeneficiary, id: Uuid, now: SystemTime) -> Result<Beneficiary, Error> {
        let checked = self.payees.rules.check(&create.payee, day_of(now))?;
        let details = checked.details;
        Ok(Beneficiary {
            beneficiary_id: id,
            user: create.user.clone(),
            kind: details.address.kind(),
            country: details.country().unwrap_or_default().to_owned(),
            currency: checked.currency,
            masked_account: details.address.masked(),
            masked_holder_name: masked_name(&details.holder_name),
            account_digest: self.vault.digest(&details.address.canonical()),
            payee_check: if self.payees.verifier.is_some() { PayeeStanding::Pending } else { PayeeStanding::NotPossible },
            payee_tries: 0,
            // This call asks first; the rounds do if it ends before the answer.
            payee_due_at_ms: unix_ms(now).saturating_add(millis(self.config.payee_retry_delay)),
            sealed: SealedPayee::of(&details).seal(&self.vault, &create.book, &create.user, id)?,
            created_at_ms: unix_ms(now),
            deleted_at_ms: 0,
            correction_code: String::new(),
            corrected_at_ms: 0,
        })
    }

    /// Deletes a beneficiary: it can't be paid any more, and is erased when its retention ends. The row is `None` if that was since the first answer. True when
    /// the request was answered before.
    pub async fn delete_beneficiary(&self, act: &BeneficiaryAct, now: SystemTime) -> Result<(Option<Beneficiary>, bool), Error> {
        let key = RequestKey { book: &act.book, subject: &act.user, rpc: DELETE, request_id: &act.request_id };
        let fields = SentFields::new().with("beneficiary_id", act.beneficiary_id);
        let mut tx = self.store.begin().await?;
        match requests::begin(&mut tx, key, &fields, now).await? {
            RequestStanding::New | RequestStanding::Unfinished { .. } => {}
            RequestStanding::Reused { differing } => return Err(Error::Reused(differing)),
            RequestStanding::Replay(_) => return Ok((beneficiaries::get(&mut tx, &act.book, act.beneficiary_id).await?, true)),
        }
        let mut row = owned(&mut tx, act).await?;
        if !row.is_deleted() {
            row.deleted_at_ms = unix_ms(now).max(1);
            beneficiaries::mark_deleted(&mut tx, &act.book, act.beneficiary_id, row.deleted_at_ms).await?;
        }
        requests::finish(&mut tx, key, &KeptAnswer::done(), now).await?;
        tx.commit().await?;
        Ok((Some(row), false))
    }

    /// Confirms the name that the bank gave, which the caller must have seen as it is. The row is `None` if it was erased since the first answer. True when the
    /// request was answered before.
    pub async fn confirm_beneficiary(
        &self,
        act: &BeneficiaryAct,
        bank_holder_name: &str,
        now: SystemTime,
    ) -> Result<(Option<Beneficiary>, bool), Error> {
        let key = RequestKey { book: &act.book, subject: &act.user, rpc: CONFIRM, request_id: &act.request_id };
        let name = self.vault.digest(bank_holder_name);
        let fields = SentFields::new().with("beneficiary_id", act.beneficiary_id).with("bank_holder_name", name);
        let mut tx = self.store.begin().await?;
        match requests::begin(&mut tx, key, &fields, now).await? {
            RequestStanding::New | RequestStanding::Unfinished { .. } => {}
            RequestStanding::Reused { differing } => return Err(Error::Reused(differing)),
            RequestStanding::Replay(_) => return Ok((beneficiaries::get(&mut tx, &act.book, act.beneficiary_id).await?, true)),
        }
        let mut row = owned(&mut tx, act).await?;
        if row.is_deleted() {
            return Err(PayoutRefusal::BeneficiaryUnknown.into());
        }
        if !matches!(row.payee_check, PayeeStanding::CloseMatch | PayeeStanding::Confirmed) {
            return Err(Error::NothingToConfirm(row.payee_check));
        }
        let given = SealedPayee::open(&self.vault, &act.book, &row)?.bank_holder_name;
        if given.as_deref() != Some(bank_holder_name) {
            return Err(Error::PayeeNameDiffers);
        }
        if row.payee_check == PayeeStanding::CloseMatch {
            row.payee_check = PayeeStanding::Confirmed;
            beneficiaries::mark_confirmed(&mut tx, &act.book, act.beneficiary_id, unix_ms(now)).await?;
        }
        requests::finish(&mut tx, key, &KeptAnswer::done(), now).await?;
        tx.commit().await?;
        // A payout that waits for this goes on.
        self.store.wake_reviews(&act.book, act.beneficiary_id, unix_ms(now)).await?;
        self.wake.notify_one();
        Ok((Some(row), false))
    }

    /// The digest of the account that staff look for.
    pub async fn sought(&self, book: &BookName, account: &SoughtAccount) -> Result<String, Error> {
        let address = match account {
            SoughtAccount::Given(account) => self.payees.rules.address(account)?,
            SoughtAccount::Of(id) => {
                let row = self.store.beneficiary(book, *id).await?.ok_or(PayoutRefusal::BeneficiaryUnknown)?;
                unseal(&self.vault, book, &row)?.address
            }
        };
        Ok(self.vault.digest(&address.canonical()))
    }

    /// The name that the bank gave, while its owner is asked to confirm it.
    pub fn name_to_confirm(&self, book: &BookName, row: &Beneficiary) -> Result<Option<String>, Error> {
        if row.payee_check != PayeeStanding::CloseMatch {
            return Ok(None);
        }
        Ok(SealedPayee::open(&self.vault, book, row)?.bank_holder_name)
    }
}

/// The name with all but each word's first letter hidden.
pub(crate) fn masked_name(name: &str) -> String {
    let mask = |word: &str| word.chars().enumerate().map(|(at, c)| if at == 0 { c } else { '*' }).collect::<String>();
    name.split_whitespace().map(mask).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
