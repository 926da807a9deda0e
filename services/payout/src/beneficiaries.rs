//! Recording and listing bank accounts.

use crate::{
    error::{Error, PayoutRefusal},
    store::{
        Store,
        beneficiaries::{self, Beneficiary},
    },
    vault::Vault,
};
use db::requests::{self, KeptAnswer, RequestKey, RequestStanding, SentFields};
use iso20022::{AbaAccount, BankAccount, Iban, Rail, account::check_routing_number};
use money::{BookName, RequestId, UserKey, derive_id, time::unix_ms};
use serde::{Deserialize, Serialize};
use std::time::SystemTime;
use uuid::Uuid;

/// The RPC's name in the table of requests.
const RPC: &str = "CreateBeneficiary";

/// An account as its owner entered it.
#[derive(Debug, Clone)]
pub enum TypedAccount {
    /// By IBAN.
    Iban(String),
    /// By routing and account number.
    Aba {
        /// Routing number.
        routing_number: String,
        /// BankAccount number.
        account_number: String,
    },
}

/// A beneficiary to record.
pub struct NewBeneficiary {
    /// The name of the book.
    pub book: BookName,
    /// The user it belongs to.
    pub user: UserKey,
    /// The client's id.
    pub request_id: RequestId,
    /// Checked to be 1 to 140 characters; the rail's own limit is checked with the account.
    pub holder_name: String,
    /// Not checked yet.
    pub account: TypedAccount,
}

/// The part of a beneficiary that is sealed.
#[derive(Serialize, Deserialize)]
pub struct AccountHolder {
    /// Name of the account's holder.
    pub holder_name: String,
    /// IBAN, or empty.
    pub iban: String,
    /// ABA routing number, or empty.
    pub routing_number: String,
    /// BankAccount number, or empty.
    pub account_number: String,
}

impl AccountHolder {
    /// The account; it was checked before it was sealed.
    pub fn account(&self) -> Result<BankAccount, iso20022::Error> {
        if self.iban.is_empty() {
            AbaAccount::try_new(&self.routing_number, &self.account_number).map(BankAccount::Aba)
        } else {
            Iban::try_new(&self.iban).map(BankAccount::Iban)
        }
    }
}

/// The place to which a beneficiary's sealed data is bound.
pub(crate) fn sealed_for(book: &BookName, user: &UserKey, id: Uuid) -> String {
    format!("beneficiary {book} {user} {id}")
}

/// Opens a beneficiary's sealed data.
pub fn unseal(vault: &Vault, book: &BookName, beneficiary: &Beneficiary) -> Result<AccountHolder, Error> {
    let plain = vault.unseal(&sealed_for(book, &beneficiary.user, beneficiary.beneficiary_id), &beneficiary.sealed)?;
    serde_json::from_slice(&plain).map_err(|_| Error::Vault(crate::vault::Error::Sealed))
}

fn check(typed: &TypedAccount) -> Result<(BankAccount, Rail), PayoutRefusal> {
    let account = match typed {
        TypedAccount::Iban(iban) => BankAccount::Iban(Iban::try_new(iban).map_err(|_| PayoutRefusal::IbanInvalid)?),
        TypedAccount::Aba { routing_number, account_number } => {
            check_routing_number(routing_number).map_err(|_| PayoutRefusal::RoutingNumberInvalid)?;
            BankAccount::Aba(AbaAccount::try_new(routing_number, account_number).map_err(|_| PayoutRefusal::AccountNumberInvalid)?)
        }
    };
    let rail = Rail::to(&account).ok_or(PayoutRefusal::CountryUnsupported)?;
    Ok((account, rail))
}

/// The fields a retry is compared with; personal values as digests.
fn fields(vault: &Vault, create: &NewBeneficiary) -> SentFields {
    let fields = SentFields::new().with("holder_name", vault.digest(&create.holder_name));
    match &create.account {
        TypedAccount::Iban(iban) => fields.with("iban", vault.digest(iban)),
        TypedAccount::Aba { routing_number, account_number } => {
            fields.with("aba.routing_number", routing_number).with("aba.account_number", vault.digest(account_number))
        }
    }
}

/// Records a beneficiary, unless the user has `count_max` of them; true when it had been recorded before. An invalid account is not kept under the id:
/// otherwise correcting a typing error would need a new id.
pub async fn create(
    store: &Store,
    vault: &Vault,
    create: &NewBeneficiary,
    now: SystemTime,
    count_max: u32,
) -> Result<(Beneficiary, bool), Error> {
    let id = derive_id(create.request_id.uuid(), &[RPC, create.book.as_str(), create.user.as_str()]);
    let key = RequestKey { book: &create.book, subject: &create.user, rpc: RPC, request_id: &create.request_id };
    let mut tx = store.begin().await?;
    match requests::begin(&mut tx, key, &fields(vault, create), now).await? {
        RequestStanding::New | RequestStanding::Unfinished { .. } => {}
        RequestStanding::Reused { differing } => return Err(Error::Reused(differing)),
        RequestStanding::Replay(_) => {
            // If it is missing, it was recorded long ago, never paid to, and deleted: it is recorded again, under the same id.
            if let Some(kept) = beneficiaries::get(&mut tx, &create.book, id).await? {
                return Ok((kept, true));
            }
        }
    }
    if beneficiaries::count(&mut tx, &create.book, &create.user).await? >= i64::from(count_max) {
        return Err(Error::BeneficiaryLimit(count_max));
    }
    let (account, rail) = check(&create.account)?;
    rail.check_name(&create.holder_name).map_err(PayoutRefusal::HolderNameInvalid)?;
    let (iban, routing_number, account_number) = match &account {
        BankAccount::Iban(iban) => (iban.as_str(), "", ""),
        BankAccount::Aba(aba) => ("", aba.routing_number(), aba.account_number()),
    };
    let holder = AccountHolder {
        holder_name: create.holder_name.clone(),
        iban: iban.to_owned(),
        routing_number: routing_number.to_owned(),
        account_number: account_number.to_owned(),
    };
    let plain = serde_json::to_vec(&holder).expect("four strings are JSON");
    let beneficiary = Beneficiary {
        beneficiary_id: id,
        user: create.user.clone(),
        country: account.country().to_owned(),
        currency: rail.currency(),
        rail,
        masked_account: account.masked(),
        masked_holder_name: masked_name(&create.holder_name),
        sealed: vault.seal(&sealed_for(&create.book, &create.user, id), &plain)?,
        created_at_ms: unix_ms(now),
    };
    beneficiaries::insert(&mut tx, &create.book, &beneficiary).await?;
    requests::finish(&mut tx, key, &KeptAnswer { bytes: Vec::new(), refusal: false }, now).await?;
    tx.commit().await?;
    Ok((beneficiary, false))
}

/// The name with all but each word's first letter hidden.
fn masked_name(name: &str) -> String {
    let mask = |word: &str| word.chars().enumerate().map(|(at, c)| if at == 0 { c } else { '*' }).collect::<String>();
    name.split_whitespace().map(mask).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
