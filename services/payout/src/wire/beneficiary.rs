//! Beneficiaries: protobuf to domain and back.

use super::{malformed, request_id, uuid};
use crate::{
    beneficiaries::{
        BeneficiaryAct, CreatedBeneficiary, GivenAccount, GivenPayee, NewBeneficiary, PayeeRules, SoughtAccount, masked_name, member,
        revealing::PayeePart,
    },
    domain::payee_check::PayeeStanding,
    error::Error,
    store::beneficiaries::Beneficiary,
};
use accounts::{AddressField as F, AddressKind as K};
use api::payout::{self as pb, create_beneficiary_request::Account, find_beneficiaries_request::Account as SoughtMessage};
use jiff::civil::Date;
use money::{BookName, UserKey, text::is_plain};
use rpc::{Violations, page::PagedList, wire::timestamp_ms};
use tonic::Status;
use uuid::Uuid;

/// Longest holder's name, in characters (ISO 20022 `Max140Text`).
const HOLDER_NAME_CHARS_MAX: usize = 140;
/// Longest field of an IBAN or US account that is accepted for parsing, in bytes; real ones have at most 34 characters and some blanks.
const ACCOUNT_BYTES_MAX: usize = 64;
/// Most lines of a postal address that are read; more than any valid one has.
const LINES_MAX: usize = 16;

/// Who sent a request: book and user, or why not.
type Sender = Result<(BookName, UserKey), Status>;

/// A beneficiary to record. The account's own rules are checked later, after the request id; but if the request is refused here, everything that they would
/// refuse is named too.
pub fn create(who: Sender, request: pb::CreateBeneficiaryRequest, rules: &PayeeRules, day: Date) -> Result<NewBeneficiary, Status> {
    let mut wrong = Violations::default();
    let (request_id, who) = (wrong.take(request_id(&request.request_id)), wrong.take(who));
    let name = wrong.take(holder_name(request.holder_name));
    let account = wrong.take(request.account.ok_or_else(no_account).and_then(given_account));
    let postal = match request.postal_address {
        Some(postal) => wrong.take(postal_fields(postal)).map(Some),
        None => Some(None),
    };
    let payee = account.zip(postal).map(|(account, postal)| GivenPayee {
        // A name that is refused above is not refused twice.
        holder_name: name.clone().unwrap_or_else(|| "A".to_owned()),
        account: with_bic(account, request.bic),
        postal,
        tax_id: request.tax_id,
        holder_name_kana: request.holder_name_kana,
        purpose_code: request.purpose_code,
        currency_code: request.currency_code,
        is_company: request.is_company,
    });
    if let (Some(request_id), Some((book, user)), Some(_), Some(payee)) = (request_id, who, &name, payee.clone()) {
        return Ok(NewBeneficiary { book, user, request_id, payee });
    }
    let refused = payee.and_then(|payee| rules.check(&payee, day).err());
    for fault in refused.iter().flat_map(|refused| refused.faults()) {
        wrong.add(rpc::malformed(&fault.path, &fault.must));
    }
    Err(wrong.into_status())
}

fn holder_name(name: String) -> Result<String, Error> {
    let chars = name.chars().count();
    // What shows nothing, or turns the rest round, is read otherwise than it is paid.
    let printable = is_plain(&name) && name.trim() == name;
    // Noncharacters are allowed in protobuf strings and not in XML.
    let in_xml = !name.contains(['\u{fffe}', '\u{ffff}']);
    if (1..=HOLDER_NAME_CHARS_MAX).contains(&chars) && printable && in_xml {
        Ok(name)
    } else {
        Err(malformed("holder_name", "must be 1 to 140 printable characters without blank ends"))
    }
}

fn no_account() -> Status {
    malformed("account", "must be given: iban, aba or another kind").into()
}

fn with_bic(mut account: GivenAccount, bic: String) -> GivenAccount {
    if !bic.is_empty() {
        account.fields.push((F::Bic, bic));
    }
    account
}

fn postal_fields(postal: pb::PostalAddress) -> Result<Vec<(F, String)>, Error> {
    let pb::PostalAddress { street, building, postal_code, town, region, country, lines } = postal;
    if lines.len() > LINES_MAX {
        return Err(malformed("postal_address.lines", "must be at most seven lines"));
    }
    let parts = [
        (F::Street, street),
        (F::Building, building),
        (F::PostalCode, postal_code),
        (F::Town, town),
        (F::Region, region),
        (F::Country, country),
    ];
    let lines = lines.into_iter().map(|line| (F::AddressLine, line));
    Ok(parts.into_iter().chain(lines).filter(|(_, text)| !text.is_empty()).collect())
}

/// An account as it was entered. Fields of the first contract's kinds are bounded here; those of others where they are read.
fn given_account(account: Account) -> Result<GivenAccount, Status> {
    let (kind, fields) = fields_of(account);
    let mut wrong = Violations::default();
    if matches!(kind, K::Iban | K::UsAccount) {
        for (field, _) in fields.iter().filter(|(_, text)| text.len() > ACCOUNT_BYTES_MAX) {
            let path = if kind == K::Iban { "iban".to_owned() } else { format!("{}.{}", member(kind), field.name()) };
            wrong.add(rpc::malformed(&path, "must be an account; this is too long"));
        }
    }
    wrong.check()?;
    Ok(GivenAccount { kind, fields })
}

/// The kind of an account and its fields in the order of the contract.
fn fields_of(account: Account) -> (K, Vec<(F, String)>) {
    let alias = |kind, alias_type, alias| (kind, vec![(F::AliasType, alias_type), (F::Alias, alias)]);
    match account {
        Account::Iban(iban) => (K::Iban, vec![(F::Iban, iban)]),
        Account::Aba(pb::AbaAccount { routing_number, account_number, account_type }) => {
            (K::UsAccount, vec![(F::RoutingNumber, routing_number), (F::AccountNumber, account_number), (F::AccountType, account_type)])
        }
        Account::UkAccount(pb::UkAccount { sort_code, account_number }) => {
            (K::UkAccount, vec![(F::SortCode, sort_code), (F::AccountNumber, account_number)])
        }
        Account::Clabe(pb::Clabe { clabe }) => (K::Clabe, vec![(F::Clabe, clabe)]),
        Account::PixKey(key) => alias(K::PixKey, key.alias_type, key.alias),
        Account::PixAccount(pb::PixAccount { ispb, branch_code, account_type, account_number }) => (
            K::PixAccount,
            vec![(F::Ispb, ispb), (F::BranchCode, branch_code), (F::AccountType, account_type), (F::AccountNumber, account_number)],
        ),
        Account::UpiId(pb::UpiId { upi_id }) => (K::Upi, vec![(F::UpiId, upi_id)]),
        Account::IndianAccount(pb::IndianAccount { ifsc, account_number }) => {
            (K::IndianAccount, vec![(F::Ifsc, ifsc), (F::AccountNumber, account_number)])
        }
        Account::AustralianAccount(pb::AustralianAccount { bsb, account_number }) => {
            (K::AustralianAccount, vec![(F::Bsb, bsb), (F::AccountNumber, account_number)])
        }
        Account::PayId(id) => alias(K::PayId, id.alias_type, id.alias),
        Account::ZenginAccount(pb::ZenginAccount { bank_code, branch_code, account_type, account_number }) => (
            K::Zengin,
            vec![
                (F::BankCode, bank_code),
                (F::BranchCode, branch_code),
                (F::AccountType, account_type),
                (F::AccountNumber, account_number),
            ],
        ),
        Account::PayNowProxy(proxy) => alias(K::PayNow, proxy.alias_type, proxy.alias),
        Account::SingaporeAccount(pb::SingaporeAccount { bic, account_number }) => {
            (K::SingaporeAccount, vec![(F::Bic, bic), (F::AccountNumber, account_number)])
        }
        Account::FpsProxy(proxy) => alias(K::FpsProxy, proxy.alias_type, proxy.alias),
        Account::HongKongAccount(pb::HongKongAccount { bank_code, account_number }) => {
            (K::HongKongAccount, vec![(F::BankCode, bank_code), (F::AccountNumber, account_number)])
        }
        Account::InteracAddress(address) => alias(K::Interac, address.alias_type, address.alias),
        Account::CanadianAccount(pb::CanadianAccount { routing_number, account_number }) => {
            (K::CanadianAccount, vec![(F::RoutingNumber, routing_number), (F::AccountNumber, account_number)])
        }
        Account::WalletAddress(pb::WalletAddress { wallet, alias_type, alias }) => {
            (K::Wallet, vec![(F::Wallet, wallet), (F::AliasType, alias_type), (F::Alias, alias)])
        }
    }
}

/// The same account in the other request: the contract can't share a oneof between two messages.
fn same(account: SoughtMessage) -> Account {
    match account {
        SoughtMessage::Iban(account) => Account::Iban(account),
        SoughtMessage::Aba(account) => Account::Aba(account),
        SoughtMessage::UkAccount(account) => Account::UkAccount(account),
        SoughtMessage::Clabe(account) => Account::Clabe(account),
        SoughtMessage::PixKey(account) => Account::PixKey(account),
        SoughtMessage::PixAccount(account) => Account::PixAccount(account),
        SoughtMessage::UpiId(account) => Account::UpiId(account),
        SoughtMessage::IndianAccount(account) => Account::IndianAccount(account),
        SoughtMessage::AustralianAccount(account) => Account::AustralianAccount(account),
        SoughtMessage::PayId(account) => Account::PayId(account),
        SoughtMessage::ZenginAccount(account) => Account::ZenginAccount(account),
        SoughtMessage::PayNowProxy(account) => Account::PayNowProxy(account),
        SoughtMessage::SingaporeAccount(account) => Account::SingaporeAccount(account),
        SoughtMessage::FpsProxy(account) => Account::FpsProxy(account),
        SoughtMessage::HongKongAccount(account) => Account::HongKongAccount(account),
        SoughtMessage::InteracAddress(account) => Account::InteracAddress(account),
        SoughtMessage::CanadianAccount(account) => Account::CanadianAccount(account),
        SoughtMessage::WalletAddress(account) => Account::WalletAddress(account),
    }
}

/// A beneficiary to delete.
pub fn delete(who: Sender, request: &pb::DeleteBeneficiaryRequest) -> Result<BeneficiaryAct, Status> {
    act(Violations::default(), who, &request.request_id, &request.beneficiary_id)
}

/// A beneficiary whose bank's name is to be confirmed, and that name.
pub fn confirm(who: Sender, request: pb::ConfirmBeneficiaryRequest) -> Result<(BeneficiaryAct, String), Status> {
    let mut wrong = Violations::default();
    let name = &request.bank_holder_name;
    if !(1..=HOLDER_NAME_CHARS_MAX).contains(&name.chars().count()) {
        wrong.add(malformed("bank_holder_name", "must be the name that the beneficiary shows, 1 to 140 characters").into());
    }
    let act = act(wrong, who, &request.request_id, &request.beneficiary_id)?;
    Ok((act, request.bank_holder_name))
}

fn act(mut wrong: Violations, who: Sender, id: &str, beneficiary_id: &str) -> Result<BeneficiaryAct, Status> {
    let (request_id, who) = (wrong.take(request_id(id)), wrong.take(who));
    let beneficiary_id = wrong.take(uuid("beneficiary_id", beneficiary_id));
    let (Some(request_id), Some((book, user)), Some(beneficiary_id)) = (request_id, who, beneficiary_id) else {
        return Err(wrong.into_status());
    };
    wrong.check()?;
    Ok(BeneficiaryAct { book, user, request_id, beneficiary_id })
}

/// The account that staff look for, by one of two ways.
pub fn sought(beneficiary_id: &str, account: Option<SoughtMessage>) -> Result<SoughtAccount, Status> {
    match (beneficiary_id, account) {
        ("", Some(account)) => Ok(SoughtAccount::Given(given_account(same(account))?)),
        ("", None) => Err(malformed("account", "must be given, or beneficiary_id").into()),
        (id, None) => Ok(SoughtAccount::Of(uuid("beneficiary_id", id)?)),
        (_, Some(_)) => Err(malformed("beneficiary_id", "must be left out beside an account").into()),
    }
}

/// Which part of whose record staff want to see. The user must be named: the audit log says whose it is.
pub fn revealing(who: Sender, request: &pb::RevealBeneficiaryRequest) -> Result<(BookName, UserKey, Uuid, PayeePart), Status> {
    let mut wrong = Violations::default();
    let who = wrong.take(who);
    if request.user_id.is_empty() {
        wrong.add(Status::from(malformed("user_id", "must be given: it says whose account it is")));
    }
    let id = wrong.take(uuid("beneficiary_id", &request.beneficiary_id));
    let part = wrong.take(match request.part() {
        pb::BeneficiaryPart::Account => Ok(PayeePart::Account),
        pb::BeneficiaryPart::HolderName => Ok(PayeePart::HolderName),
        pb::BeneficiaryPart::BankHolderName => Ok(PayeePart::BankHolderName),
        pb::BeneficiaryPart::PostalAddress => Ok(PayeePart::PostalAddress),
        pb::BeneficiaryPart::TaxId => Ok(PayeePart::TaxId),
        pb::BeneficiaryPart::Unspecified => Err(malformed("part", "must be a part of an account's record")),
    });
    let (Some((book, user)), Some(id), Some(part)) = (who, id, part) else { return Err(wrong.into_status()) };
    wrong.check()?;
    Ok((book, user, id, part))
}

/// A user's beneficiaries, as a list to which page tokens are bound.
#[must_use]
pub fn beneficiaries_list(book: &BookName, user: &UserKey) -> PagedList {
    PagedList::new("ListBeneficiaries", book.as_str(), &[user.as_str()])
}

/// All records of the account with this digest, as a list to which page tokens are bound.
#[must_use]
pub fn found_list(book: &BookName, account_digest: &str) -> PagedList {
    PagedList::new("FindBeneficiaries", book.as_str(), &[account_digest])
}

fn payee_check(row: &Beneficiary) -> pb::PayeeCheck {
    match row.payee_check {
        PayeeStanding::NotPossible => pb::PayeeCheck::NotPossible,
        PayeeStanding::Pending if row.is_asked_again() => pb::PayeeCheck::Retrying,
        PayeeStanding::Pending => pb::PayeeCheck::Pending,
        PayeeStanding::Match => pb::PayeeCheck::Match,
        PayeeStanding::CloseMatch => pb::PayeeCheck::CloseMatch,
        PayeeStanding::NoMatch => pb::PayeeCheck::NoMatch,
        PayeeStanding::Confirmed => pb::PayeeCheck::Confirmed,
    }
}

/// A beneficiary, masked. The name that its bank gave is shown as it is to those who may confirm it (`in_full`), else masked.
#[must_use]
pub fn beneficiary(row: &Beneficiary, bank_holder_name: Option<&str>, in_full: bool) -> pb::Beneficiary {
    let state = if row.is_deleted() { pb::BeneficiaryState::Deleted } else { pb::BeneficiaryState::Active };
    let name = bank_holder_name.map(|name| if in_full { name.to_owned() } else { masked_name(name) });
    pb::Beneficiary {
        beneficiary_id: row.beneficiary_id.to_string(),
        user_id: row.user.to_string(),
        country: row.country.clone(),
        currency_code: row.currency.to_string(),
        masked_account: row.masked_account.clone(),
        masked_holder_name: row.masked_holder_name.clone(),
        create_time: Some(timestamp_ms(row.created_at_ms)),
        kind: row.kind.name().to_owned(),
        state: state.into(),
        payee_check: payee_check(row).into(),
        bank_holder_name: name.unwrap_or_default(),
        delete_time: row.is_deleted().then(|| timestamp_ms(row.deleted_at_ms)),
        correction_code: row.correction_code.clone(),
        correction_time: (row.corrected_at_ms > 0).then(|| timestamp_ms(row.corrected_at_ms)),
    }
}

/// The answer to CreateBeneficiary.
#[must_use]
pub fn created(created: &CreatedBeneficiary, shown: pb::Beneficiary) -> pb::CreateBeneficiaryResponse {
    let same_account_as = created.same_account_as.iter().map(ToString::to_string).collect();
    pb::CreateBeneficiaryResponse { beneficiary: Some(shown), replayed: created.replayed, same_account_as }
}
