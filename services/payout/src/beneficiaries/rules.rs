//! Checks what an owner entered of a payee: every field, then whether a rail reaches the account in a currency and carries the name. Pure.

use super::{
    given::{GivenAccount, GivenPayee, path},
    refusal::{BeneficiaryRefusal, PayeeFieldFault},
};
use crate::domain::payee::PayeeDetails;
use accounts::{
    AddressField, AddressKind, AddressRules, FieldFaults, PayoutAddress,
    check_digits::{is_cnpj, is_cpf},
    holder::{HolderAddress, HolderName, NAME_CHARS_MAX, NameCharset, NameRule, carried_name, default_name_rules},
    kana::KanaName,
    rails::{DEFAULT_RAIL_NEEDS, RailNeeds},
};
use jiff::civil::Date;
use money::{Currency, text::is_plain};
use rails::{RailBook, RailRecord};
use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

/// The longest tax id, in characters (`Max35Text` of ISO 20022).
const TAX_ID_CHARS_MAX: usize = 35;
/// The shortest US account number: the contract's, which is older than the limits of the rails.
const US_ACCOUNT_CHARS_MIN: usize = 4;

/// What payees are checked by. All of it is dated data of the crates `accounts` and `rails`, and replaceable.
pub struct PayeeRules {
    /// Lengths, telephone plans, tables of check digits.
    pub addresses: AddressRules,
    /// Names by rail.
    pub names: Vec<NameRule>,
    /// Kinds of addresses by rail.
    pub needs: Vec<RailNeeds>,
    /// Currencies and countries by rail.
    pub book: RailBook,
}

impl Default for PayeeRules {
    fn default() -> Self {
        let mut addresses = AddressRules::default();
        addresses.us_account.min = US_ACCOUNT_CHARS_MIN;
        Self { addresses, names: default_name_rules(), needs: DEFAULT_RAIL_NEEDS.to_vec(), book: RailBook::built_in() }
    }
}

/// A payee that can be recorded.
pub struct CheckedPayee {
    /// Who is paid.
    pub details: PayeeDetails,
    /// In which currency.
    pub currency: Currency,
}

/// A rail that reaches an account, by its record of the day.
type Reaching<'a> = (&'a RailNeeds, &'a RailRecord);

impl PayeeRules {
    /// The account alone.
    pub fn address(&self, account: &GivenAccount) -> Result<PayoutAddress, BeneficiaryRefusal> {
        let mut faults = Vec::new();
        let read = self.read_address(account, &mut faults);
        read.ok_or(BeneficiaryRefusal::Fields { kind: account.kind, faults })
    }

    fn read_address(&self, account: &GivenAccount, faults: &mut Vec<PayeeFieldFault>) -> Option<PayoutAddress> {
        let given: Vec<_> = account.fields.iter().map(|(field, text)| (*field, text.as_str())).collect();
        keep(PayoutAddress::parse(account.kind, &given, &self.addresses), faults, |field| path(account.kind, field))
    }

    /// The whole payee on a day. Names every invalid field at once.
    pub fn check(&self, given: &GivenPayee, day: Date) -> Result<CheckedPayee, BeneficiaryRefusal> {
        let mut faults = Vec::new();
        let kind = given.account.kind;
        let address = self.read_address(&given.account, &mut faults);
        let postal = given.postal.as_ref().map(|given| {
            let given: Vec<_> = given.iter().map(|(field, text)| (*field, text.as_str())).collect();
            let at = |field: AddressField| match field {
                AddressField::AddressLine => "postal_address.lines".to_owned(),
                other => format!("postal_address.{}", other.name()),
            };
            keep(HolderAddress::parse(&given), &mut faults, at)
        });
        let tax_id = tax_id(&given.tax_id, kind, &mut faults);
        let holder_name_kana = kana(&given.holder_name_kana, &mut faults);
        let purpose_code = purpose_code(&given.purpose_code, &mut faults);
        let reaching = address.as_ref().map(|address| self.reaching(address, day)).unwrap_or_default();
        let mut currency = None;
        if let Some(address) = address.as_ref().filter(|_| !reaching.is_empty()) {
            match currency_of(address, &given.currency_code, &reaching) {
                Ok(found) => currency = Some(found),
                Err(must) => faults.push(PayeeFieldFault::new("currency_code", must)),
            }
        }
        let unnamed = currency.and_then(|currency| self.unnamed(given, &reaching, currency, day));
        match (address, faults.is_empty()) {
            (Some(address), true) => {
                let currency = currency.ok_or(BeneficiaryRefusal::CountryUnsupported)?;
                if let Some(refusal) = unnamed {
                    return Err(refusal);
                }
                let holder_name = given.holder_name.clone();
                let (postal, is_company) = (postal.flatten(), given.is_company);
                let details = PayeeDetails { holder_name, address, postal, tax_id, holder_name_kana, is_company, purpose_code };
                Ok(CheckedPayee { details, currency })
            }
            _ => {
                if let Some(BeneficiaryRefusal::HolderName { field, must, .. }) = unnamed {
                    faults.push(PayeeFieldFault::new(field, must));
                }
                Err(BeneficiaryRefusal::Fields { kind, faults })
            }
        }
    }

    /// The rails that reach an account.
    fn reaching(&self, address: &PayoutAddress, day: Date) -> Vec<Reaching<'_>> {
        let in_country = |record: &&RailRecord| address.country().is_none_or(|country| record.pays_in(country));
        let able = self.needs.iter().filter(|needs| needs.missing(address).is_some_and(|missing| missing.is_empty()));
        able.filter_map(|needs| Some((needs, self.book.record_on(needs.rail, day).filter(in_country)?))).collect()
    }

    /// Why no rail carries the name, if so. A rail without a known limit on names carries every name. A rail that lacks something else of this payee, such as a
    /// postal address, counts only if all of them do: it can't pay as things are.
    fn unnamed(&self, given: &GivenPayee, reaching: &[Reaching<'_>], currency: Currency, day: Date) -> Option<BeneficiaryRefusal> {
        let in_force = |rail: &str| self.names.iter().filter(|rule| rule.rail == rail && rule.from <= day).max_by_key(|rule| rule.from);
        let paying: Vec<_> = reaching.iter().filter(|(_, record)| record.currencies.contains(&currency)).collect();
        let complete: Vec<_> = paying.iter().copied().filter(|(needs, _)| is_complete(needs, given)).collect();
        let mut widest: Option<(usize, BeneficiaryRefusal)> = None;
        for (needs, _) in if complete.is_empty() { paying } else { complete } {
            let rule = in_force(needs.rail)?;
            let Err((field, must)) = self.carries(rule, given, day) else { return None };
            if widest.as_ref().is_none_or(|(most, _)| rule.chars_max > *most) {
                let rail = rule.rail.clone().into_owned();
                widest = Some((rule.chars_max, BeneficiaryRefusal::HolderName { field, rail, chars_max: rule.chars_max, must }));
            }
        }
        widest.map(|(_, refusal)| refusal)
    }

    /// Rails that do not carry this holder's name on a day, with the longest name that they carry and what a name must.
    #[must_use]
    pub fn rails_refusing(&self, details: &PayeeDetails, day: Date) -> BTreeMap<String, (usize, String)> {
        let in_force = |rule: &&NameRule| {
            rule.from <= day && !self.names.iter().any(|other| other.rail == rule.rail && other.from <= day && other.from > rule.from)
        };
        let kana = details.holder_name_kana.as_ref();
        let refused = self.names.iter().filter(in_force).filter_map(|rule| {
            let refused = match rule.charset {
                NameCharset::Kana => KanaName::parse(kana.unwrap_or(&details.holder_name), rule.chars_max).err(),
                NameCharset::Any | NameCharset::Latin | NameCharset::Ascii => HolderName::parse(&details.holder_name)
                    .and_then(|name| carried_name(&self.names, &rule.rail, &name, day).map(drop))
                    .err(),
            };
            refused.map(|fault| (rule.rail.to_string(), (rule.chars_max, fault.must.into_owned())))
        });
        refused.collect()
    }

    /// The payee with the name as it is sent over a rail on a day. A name that an older program let through, and that the rail does not carry, stays as it is.
    #[must_use]
    pub fn as_sent(&self, mut details: PayeeDetails, rail: &str, day: Date) -> PayeeDetails {
        let name = HolderName::parse(&details.holder_name);
        // What fits is sent exactly as before, whatever blanks it has.
        if let Ok(name) = name.as_ref()
            && let Ok(Cow::Owned(sent)) = carried_name(&self.names, rail, name, day)
        {
            details.holder_name = sent;
        }
        details
    }

    /// Whether a rail carries the name; else the field with the name, and what it must.
    fn carries(&self, rule: &NameRule, given: &GivenPayee, day: Date) -> Result<(), (&'static str, String)> {
        if rule.charset == NameCharset::Kana {
            let kana = Some(&given.holder_name_kana).filter(|kana| !kana.is_empty());
            let read = KanaName::parse(kana.unwrap_or(&given.holder_name), rule.chars_max);
            return read.map(|_| ()).map_err(|fault| ("holder_name_kana", format!("{} on {}", fault.must, rule.rail)));
        }
        let name = HolderName::parse(&given.holder_name);
        let checked = name.and_then(|name| carried_name(&self.names, &rule.rail, &name, day).map(drop));
        checked.map_err(|fault| ("holder_name", fault.must.into_owned()))
    }
}

/// Whether everything is given that the rail needs beside account and name. Of a rail that takes several kinds of accounts, only what belongs to this one.
fn is_complete(needs: &RailNeeds, given: &GivenPayee) -> bool {
    let in_postal = |field: AddressField| given.postal.iter().flatten().any(|(known, _)| *known == field);
    let take = needs.takes.iter().find(|take| take.kind == given.account.kind);
    take.is_some_and(|take| {
        take.besides.iter().all(|field| match field {
            AddressField::HolderName | AddressField::HolderNameKana => true,
            AddressField::TaxId => !given.tax_id.is_empty(),
            AddressField::PurposeCode => !given.purpose_code.is_empty(),
            other => in_postal(*other),
        })
    })
}

/// The value, or its faults at their paths in the request.
fn keep<T>(read: Result<T, FieldFaults>, faults: &mut Vec<PayeeFieldFault>, at: impl Fn(AddressField) -> String) -> Option<T> {
    match read {
        Ok(value) => Some(value),
        Err(found) => {
            faults.extend(found.faults().iter().map(|fault| PayeeFieldFault::new(at(fault.field), &fault.must)));
            None
        }
    }
}

fn tax_id(given: &str, kind: AddressKind, faults: &mut Vec<PayeeFieldFault>) -> Option<String> {
    if given.is_empty() {
        return None;
    }
    if matches!(kind, AddressKind::PixKey | AddressKind::PixAccount) {
        let compact: String = given.chars().filter(|c| !matches!(c, '.' | '-' | '/' | ' ')).map(|c| c.to_ascii_uppercase()).collect();
        if is_cpf(&compact) || is_cnpj(&compact) {
            return Some(compact);
        }
        faults.push(PayeeFieldFault::new("tax_id", "be a CPF or CNPJ with valid check digits"));
        return None;
    }
    let text = given.trim();
    if (1..=TAX_ID_CHARS_MAX).contains(&text.chars().count()) && is_plain(text) {
        return Some(text.to_owned());
    }
    faults.push(PayeeFieldFault::new("tax_id", format!("be 1 to {TAX_ID_CHARS_MAX} printable characters")));
    None
}

fn kana(given: &str, faults: &mut Vec<PayeeFieldFault>) -> Option<String> {
    if given.is_empty() {
        return None;
    }
    match KanaName::parse(given, NAME_CHARS_MAX) {
        Ok(name) => Some(name.as_str().to_owned()),
        Err(fault) => {
            faults.push(PayeeFieldFault::new("holder_name_kana", &fault.must));
            None
        }
    }
}

fn purpose_code(given: &str, faults: &mut Vec<PayeeFieldFault>) -> Option<String> {
    if given.is_empty() {
        return None;
    }
    if given.len() == 4 && given.bytes().all(|b| b.is_ascii_uppercase()) {
        return Some(given.to_owned());
    }
    faults.push(PayeeFieldFault::new("purpose_code", "be four capital letters"));
    None
}

/// The currency in which the account is paid: the given one, if a rail pays it there. Of an IBAN without one EUR, as SEPA pays whatever the account's own
/// currency is; else what the address says.
fn currency_of(address: &PayoutAddress, given: &str, reaching: &[Reaching<'_>]) -> Result<Currency, String> {
    let offered: BTreeSet<Currency> = reaching.iter().flat_map(|(_, record)| record.currencies.iter().copied()).collect();
    let is_iban = address.kind() == AddressKind::Iban;
    let home = address.currency().filter(|home| offered.contains(home));
    let codes: Vec<&str> = match home.as_ref().filter(|_| !is_iban) {
        Some(home) => vec![home.code()],
        None => offered.iter().map(Currency::code).collect(),
    };
    let must = || format!("be {}", if let [code] = *codes { code.to_owned() } else { format!("one of {}", codes.join(", ")) });
    if !given.is_empty() {
        return Currency::try_new(given).ok().filter(|currency| codes.contains(&currency.code())).ok_or_else(must);
    }
    let euro = Currency::try_new("EUR").ok().filter(|euro| is_iban && offered.contains(euro));
    let only = || if let [code] = *codes { Currency::try_new(code).ok() } else { None };
    euro.or(home).or_else(only).ok_or_else(|| format!("be given for this account: {}", codes.join(", ")))
}

#[cfg(test)]
mod tests;
