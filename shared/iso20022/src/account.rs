//! Bank accounts, checked before they are ever sent: it is cheaper to refuse a typing error here than to have a bank reject it.

use crate::Error;
use iban::IbanLike;
use std::fmt;

/// An international bank account number with valid country, length, form and check digits (ISO 13616).
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Iban(iban::Iban);

impl Iban {
    /// Accepts the electronic form or groups separated by blanks, in any case.
    pub fn try_new(text: &str) -> Result<Self, Error> {
        let electronic: String = text.chars().filter(|c| *c != ' ').map(|c| c.to_ascii_uppercase()).collect();
        electronic.parse().map(Self).map_err(|_| Error::value("IBAN", "a valid international bank account number"))
    }

    /// The electronic form, without blanks.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.electronic_str()
    }

    /// The country code, ISO 3166 alpha-2.
    #[must_use]
    pub fn country(&self) -> &str {
        self.0.country_code()
    }
}

/// A US account: ABA routing number of the bank and the account's number there.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct AbaAccount {
    routing_number: String,
    account_number: String,
}

impl AbaAccount {
    /// Requires nine digits with a valid checksum, and 4 to 17 digits.
    pub fn try_new(routing_number: &str, account_number: &str) -> Result<Self, Error> {
        check_routing_number(routing_number)?;
        let digits = account_number.bytes().all(|b| b.is_ascii_digit());
        if !digits || !(4..=17).contains(&account_number.len()) {
            return Err(Error::value("account number", "4 to 17 digits"));
        }
        Ok(Self { routing_number: routing_number.to_owned(), account_number: account_number.to_owned() })
    }

    /// The routing number, nine digits.
    #[must_use]
    pub fn routing_number(&self) -> &str {
        &self.routing_number
    }

    /// The account number, 4 to 17 digits.
    #[must_use]
    pub fn account_number(&self) -> &str {
        &self.account_number
    }
}

/// The ABA checksum: digits weighted 3, 7, 1 add up to a multiple of ten; the first two digits are a Federal Reserve district or
/// another range in use (00-12, 21-32, 61-72, 80). All zeros pass the sum and are refused.
pub fn check_routing_number(text: &str) -> Result<(), Error> {
    const WEIGHTS: [u32; 9] = [3, 7, 1, 3, 7, 1, 3, 7, 1];
    let wrong = || Error::value("routing number", "nine digits with a valid ABA checksum");
    if text.len() != 9 || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(wrong());
    }
    let digits = text.bytes().map(|b| u32::from(b - b'0'));
    let sum: u32 = digits.zip(WEIGHTS).map(|(digit, weight)| digit * weight).sum();
    let range: u32 = text[..2].parse().map_err(|_| wrong())?;
    let in_use = matches!(range, 0..=12 | 21..=32 | 61..=72 | 80) && text != "000000000";
    if sum.is_multiple_of(10) && in_use { Ok(()) } else { Err(wrong()) }
}

/// An account that money is paid to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum BankAccount {
    /// An account with an IBAN.
    Iban(Iban),
    /// An account with a routing and an account number.
    Aba(AbaAccount),
}

impl BankAccount {
    /// The country code, ISO 3166 alpha-2.
    #[must_use]
    pub fn country(&self) -> &str {
        match self {
            Self::Iban(iban) => iban.country(),
            Self::Aba(_) => "US",
        }
    }

    /// The IBAN or account number, which identifies the account at its bank.
    #[must_use]
    pub fn number(&self) -> &str {
        match self {
            Self::Iban(iban) => iban.as_str(),
            Self::Aba(aba) => aba.account_number(),
        }
    }

    /// The number with all but the last four characters hidden.
    #[must_use]
    pub fn masked(&self) -> String {
        let number = self.number();
        let shown = number.len().saturating_sub(4);
        format!("{}{}", "*".repeat(shown), &number[shown..])
    }
}

// Account numbers are personal: a log line that prints one by accident shows the masked form.
impl fmt::Debug for Iban {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Iban({})", BankAccount::Iban(self.clone()).masked())
    }
}

impl fmt::Debug for AbaAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AbaAccount({}, {})", self.routing_number, BankAccount::Aba(self.clone()).masked())
    }
}

#[cfg(test)]
mod tests;
