//! Accounts by a bank's code and a number, in the countries where no check digit covers both, and Mexico's CLABE, where one does.

use crate::{
    AddressField, HiddenText,
    address::AccountType,
    check_digits::is_clabe,
    fields::{FieldReader, is_digits},
    iban::Bic,
    rules::{AddressRules, CharLimit},
};

/// Digits of a number within a limit; hyphens and blanks are left out, zeros in front stay.
fn number(reader: &mut FieldReader, limit: &CharLimit) -> Option<HiddenText> {
    let fits = |text: &str| is_digits(text, limit.min..=limit.max);
    reader.compact(AddressField::AccountNumber, &['-'], format!("be {} digits", limit.range()), fits).map(HiddenText::new)
}

fn digits(reader: &mut FieldReader, field: AddressField, count: usize) -> Option<HiddenText> {
    reader.compact(field, &['-'], format!("be {count} digits"), |text| is_digits(text, count..=count)).map(HiddenText::new)
}

/// The account type that a kind of address calls by one of these names, in upper case.
fn account_type(reader: &mut FieldReader, names: &[(&str, AccountType)], form: &'static str) -> Option<AccountType> {
    let given = reader.required(AddressField::AccountType)?.to_ascii_uppercase();
    let known = names.iter().find(|(name, _)| *name == given).map(|(_, known)| *known);
    if known.is_none() {
        reader.fault(AddressField::AccountType, form);
    }
    known
}

/// Mexican CLABE: bank (3 digits), place (3), account (11), check digit.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Clabe(HiddenText);

impl Clabe {
    pub(crate) fn parse(reader: &mut FieldReader) -> Option<Self> {
        let clabe =
            reader.compact(AddressField::Clabe, &['-'], "be 18 digits of which the last is the check digit of the others", is_clabe);
        clabe.map(HiddenText::new).map(Self)
    }

    /// Eighteen digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The bank's three digits.
    #[must_use]
    pub fn bank(&self) -> &str {
        self.as_str().get(..3).unwrap_or_default()
    }
}

/// Brazilian account without a key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PixAccount {
    ispb: HiddenText,
    branch: HiddenText,
    number: HiddenText,
    account_type: AccountType,
}

impl PixAccount {
    pub(crate) fn parse(reader: &mut FieldReader, rules: &AddressRules) -> Option<Self> {
        const TYPES: [(&str, AccountType); 8] = [
            ("CACC", AccountType::Current),
            ("TRAN", AccountType::Transaction),
            ("SLRY", AccountType::Salary),
            ("SVGS", AccountType::Savings),
            ("CURRENT", AccountType::Current),
            ("TRANSACTION", AccountType::Transaction),
            ("SALARY", AccountType::Salary),
            ("SAVINGS", AccountType::Savings),
        ];
        let ispb = digits(reader, AddressField::Ispb, 8);
        let branch = reader.compact(AddressField::BranchCode, &['-'], "be 1 to 4 digits", |text| is_digits(text, 1..=4));
        // Branches have four digits; the first zeros are often left out.
        let branch = branch.map(|branch| HiddenText::new(format!("{branch:0>4}")));
        let number = number(reader, &rules.br_account);
        let account_type = account_type(reader, &TYPES, "be current (CACC), transaction (TRAN), salary (SLRY) or savings (SVGS)");
        Some(Self { ispb: ispb?, branch: branch?, number: number?, account_type: account_type? })
    }

    /// The bank, eight digits.
    #[must_use]
    pub fn ispb(&self) -> &str {
        self.ispb.as_str()
    }

    /// The branch, four digits.
    #[must_use]
    pub fn branch(&self) -> &str {
        self.branch.as_str()
    }

    /// The account at the branch.
    #[must_use]
    pub fn number(&self) -> &str {
        self.number.as_str()
    }

    /// Its type.
    #[must_use]
    pub fn account_type(&self) -> AccountType {
        self.account_type
    }
}

/// Indian UPI id, in lower case.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct UpiId(HiddenText);

impl UpiId {
    pub(crate) fn parse(reader: &mut FieldReader) -> Option<Self> {
        let text = reader.required(AddressField::UpiId)?.to_ascii_lowercase();
        if is_upi_id(&text) {
            return Some(Self(HiddenText::new(text)));
        }
        reader.fault(
            AddressField::UpiId,
            "be a name of 2 to 256 letters, digits, dots, hyphens and underscores, @, and a provider of 2 to 64 letters and digits",
        );
        None
    }

    /// `name@provider`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

fn is_upi_id(text: &str) -> bool {
    let Some((name, provider)) = text.split_once('@') else { return false };
    let name_fits = (2..=256).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
    let provider_fits = (2..=64).contains(&provider.len()) && provider.bytes().all(|b| b.is_ascii_alphanumeric());
    name_fits && provider_fits && provider.starts_with(|c: char| c.is_ascii_alphabetic())
}

/// Indian account: IFSC of bank and branch, and the number.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct IndianAccount {
    ifsc: HiddenText,
    number: HiddenText,
}

impl IndianAccount {
    pub(crate) fn parse(reader: &mut FieldReader, rules: &AddressRules) -> Option<Self> {
        let form = |text: &str| {
            let bytes = text.as_bytes();
            bytes.len() == 11
                && bytes[..4].iter().all(u8::is_ascii_uppercase)
                && bytes[4] == b'0'
                && bytes.iter().all(u8::is_ascii_alphanumeric)
        };
        let ifsc = reader.compact(AddressField::Ifsc, &['-'], "be four letters, a zero, and six letters or digits", form);
        let number = number(reader, &rules.in_account);
        Some(Self { ifsc: HiddenText::new(ifsc?), number: number? })
    }

    /// Eleven characters.
    #[must_use]
    pub fn ifsc(&self) -> &str {
        self.ifsc.as_str()
    }

    /// The account at the bank.
    #[must_use]
    pub fn number(&self) -> &str {
        self.number.as_str()
    }
}

/// Australian account: BSB and number.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AustralianAccount {
    bsb: HiddenText,
    number: HiddenText,
}

impl AustralianAccount {
    pub(crate) fn parse(reader: &mut FieldReader, rules: &AddressRules) -> Option<Self> {
        let (bsb, number) = (digits(reader, AddressField::Bsb, 6), number(reader, &rules.au_account));
        Some(Self { bsb: bsb?, number: number? })
    }

    /// Six digits, without hyphen.
    #[must_use]
    pub fn bsb(&self) -> &str {
        self.bsb.as_str()
    }

    /// The account at the bank.
    #[must_use]
    pub fn number(&self) -> &str {
        self.number.as_str()
    }
}

/// Japanese account as Zengin names it. The type tells accounts apart: one number may be an ordinary and a current account.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ZenginAccount {
    bank: HiddenText,
    branch: HiddenText,
    account_type: AccountType,
    number: HiddenText,
}

impl ZenginAccount {
    pub(crate) fn parse(reader: &mut FieldReader) -> Option<Self> {
        const TYPES: [(&str, AccountType); 6] = [
            ("1", AccountType::Ordinary),
            ("2", AccountType::Current),
            ("4", AccountType::Savings),
            ("ORDINARY", AccountType::Ordinary),
            ("CURRENT", AccountType::Current),
            ("SAVINGS", AccountType::Savings),
        ];
        let bank = digits(reader, AddressField::BankCode, 4);
        let branch = digits(reader, AddressField::BranchCode, 3);
        let account_type = account_type(reader, &TYPES, "be ordinary (1), current (2) or savings (4)");
        let number = reader.compact(AddressField::AccountNumber, &['-'], "be 1 to 7 digits", |text| is_digits(text, 1..=7));
        let number = number.map(|number| HiddenText::new(format!("{number:0>7}")));
        Some(Self { bank: bank?, branch: branch?, account_type: account_type?, number: number? })
    }

    /// Four digits.
    #[must_use]
    pub fn bank(&self) -> &str {
        self.bank.as_str()
    }

    /// Three digits.
    #[must_use]
    pub fn branch(&self) -> &str {
        self.branch.as_str()
    }

    /// Ordinary, current or savings.
    #[must_use]
    pub fn account_type(&self) -> AccountType {
        self.account_type
    }

    /// Seven digits, with zeros in front.
    #[must_use]
    pub fn number(&self) -> &str {
        self.number.as_str()
    }
}

/// Singapore account: BIC and number.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SingaporeAccount {
    bic: Bic,
    number: HiddenText,
}

impl SingaporeAccount {
    pub(crate) fn parse(reader: &mut FieldReader, rules: &AddressRules) -> Option<Self> {
        let given = reader.required(AddressField::Bic);
        let bic = given.and_then(|text| Bic::parse(reader, &text));
        if bic.as_ref().is_some_and(|bic| bic.country() != "SG") {
            reader.fault(AddressField::Bic, "be of a bank in Singapore");
        }
        let limit = &rules.sg_account;
        let fits = |text: &str| limit.fits(text) && text.bytes().all(|b| b.is_ascii_alphanumeric());
        let number = reader.compact(AddressField::AccountNumber, &['-'], format!("be {} digits or letters", limit.range()), fits);
        Some(Self { bic: bic?, number: HiddenText::new(number?) })
    }

    /// The bank.
    #[must_use]
    pub fn bic(&self) -> &Bic {
        &self.bic
    }

    /// The account at the bank.
    #[must_use]
    pub fn number(&self) -> &str {
        self.number.as_str()
    }
}

/// Hong Kong account: bank code and number.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HongKongAccount {
    bank: HiddenText,
    number: HiddenText,
}

impl HongKongAccount {
    pub(crate) fn parse(reader: &mut FieldReader, rules: &AddressRules) -> Option<Self> {
        let (bank, number) = (digits(reader, AddressField::BankCode, 3), number(reader, &rules.hk_account));
        Some(Self { bank: bank?, number: number? })
    }

    /// Three digits.
    #[must_use]
    pub fn bank(&self) -> &str {
        self.bank.as_str()
    }

    /// The account, which usually begins with the branch.
    #[must_use]
    pub fn number(&self) -> &str {
        self.number.as_str()
    }
}

/// Canadian account: EFT routing number and the account's number.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CanadianAccount {
    routing_number: HiddenText,
    number: HiddenText,
}

impl CanadianAccount {
    pub(crate) fn parse(reader: &mut FieldReader, rules: &AddressRules) -> Option<Self> {
        const FORM: &str = "be a zero, three digits of the institution and five of the transit, or transit-institution as on a cheque";
        let given = reader.required(AddressField::RoutingNumber);
        let routing = given.as_deref().and_then(eft_routing);
        if given.is_some() && routing.is_none() {
            reader.fault(AddressField::RoutingNumber, FORM);
        }
        let number = number(reader, &rules.ca_account);
        Some(Self { routing_number: HiddenText::new(routing?), number: number? })
    }

    /// A zero, institution (3 digits), transit (5).
    #[must_use]
    pub fn routing_number(&self) -> &str {
        self.routing_number.as_str()
    }

    /// The account at the institution.
    #[must_use]
    pub fn number(&self) -> &str {
        self.number.as_str()
    }
}

/// Nine digits that begin with a zero, or five, a hyphen or blank, and three.
fn eft_routing(text: &str) -> Option<String> {
    if let Some((transit, institution)) = text.split_once(['-', ' ']) {
        let paper = is_digits(transit, 5..=5) && is_digits(institution.trim(), 3..=3);
        if paper {
            return Some(format!("0{}{transit}", institution.trim()));
        }
    }
    let compact: String = text.chars().filter(|c| !matches!(c, '-' | ' ')).collect();
    (is_digits(&compact, 9..=9) && compact.starts_with('0')).then_some(compact)
}

#[cfg(test)]
mod tests;
