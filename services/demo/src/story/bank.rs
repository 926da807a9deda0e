//! The banks as their customer sees them: statements, deposits from elsewhere, and what they are to do wrong.
use super::books;
use chart::{Account, HouseId, Purpose};
use iso20022::{camt053::Statement, report::AccountReports};
use money::Currency;
use runtime::command::UntypedError;

/// Currencies we have a bank account in.
pub const CURRENCIES: [&str; 5] = ["USD", "EUR", "GBP", "BRL", "MXN"];

/// One of our bank accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OurAccount {
    /// ISO 4217 code.
    pub currency: &'static str,
    /// Whether it is the one at the ACH bank.
    pub is_ach: bool,
}

/// Our account at the ACH bank.
pub const ACH: OurAccount = OurAccount { currency: "USD", is_ach: true };
/// The id of that account in the ledger.
const ACH_ID: &str = "ach";

impl OurAccount {
    /// Our account in a currency at the bank that takes payments as messages.
    #[must_use]
    pub fn main(currency: &'static str) -> Self {
        Self { currency, is_ach: false }
    }

    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        CURRENCIES.into_iter().map(Self::main).chain([ACH])
    }

    /// The ledger's account of the money in it.
    #[must_use]
    pub fn cash(self) -> String {
        if !self.is_ach {
            return books::money_account(Purpose::BankCash, self.currency);
        }
        let id = HouseId::try_new(ACH_ID).expect("an id that the chart takes");
        let currency = Currency::try_new(self.currency).expect("a currency that there is");
        Account::of_bank_account(HouseId::MAIN, id, Purpose::BankCash, currency).name()
    }
}

/// A customer of the pretend banks.
#[derive(Debug, Clone)]
pub struct BankClient {
    http: reqwest::Client,
    url: String,
}

impl BankClient {
    /// A client of the bank at `http://…`.
    #[must_use]
    pub fn new(url: String) -> Self {
        Self { http: http_client::local().build().expect("a client of plain HTTP"), url }
    }

    /// The account's statement, camt.053, checked to add up.
    pub async fn statement(&self, account: OurAccount) -> Result<Statement, UntypedError> {
        let (bank, currency) = (if account.is_ach { "/ach" } else { "" }, account.currency);
        let response = self.http.get(format!("{}{bank}/statements/{currency}", self.url)).send().await?.error_for_status()?;
        let statement = Statement::read(&response.bytes().await?)?;
        if !statement.adds_up() {
            return Err(format!("the bank's {currency} statement does not add up").into());
        }
        Ok(statement)
    }

    /// The account's entries after the one with this number, or all after 0, with the bank's own references.
    pub async fn entries_after(&self, currency: &str, entry_no: i64) -> Result<AccountReports, UntypedError> {
        let url = format!("{}/statements/{currency}?after={entry_no}", self.url);
        let response = self.http.get(url).send().await?.error_for_status()?;
        Ok(AccountReports::read(&response.bytes().await?)?)
    }

    /// Lets the bank make a mistake in its own books, which its statement shows.
    pub async fn err(&self, currency: &str, fault: &serde_json::Value) -> Result<(), UntypedError> {
        self.http.post(format!("{}/statements/{currency}/faults", self.url)).json(fault).send().await?.error_for_status()?;
        Ok(())
    }

    /// The account's balance.
    pub async fn balance(&self, account: OurAccount) -> Result<i64, UntypedError> {
        Ok(i64::try_from(self.statement(account).await?.closing.signed_minor_units())?)
    }

    /// Lets the bank refuse the next payments to an account with this reason code: so many, and no later one.
    pub async fn refuse(&self, account: &str, code: &str, times: u32) -> Result<(), UntypedError> {
        let body = serde_json::json!({ "account": account, "behaviour": "reject", "code": code, "times": times });
        self.http.post(format!("{}/scenarios", self.url)).json(&body).send().await?.error_for_status()?;
        Ok(())
    }

    /// Lets the receiving bank send a part of a payment back for this reason, and keep a charge besides.
    pub async fn give_back(&self, end_to_end_id: &str, code: &str, minor_units: i64, charge: i64) -> Result<(), UntypedError> {
        let body = serde_json::json!({ "code": code, "minor_units": minor_units, "charge": charge });
        self.http.post(format!("{}/payments/{end_to_end_id}/returns", self.url)).json(&body).send().await?.error_for_status()?;
        Ok(())
    }

    /// Moves the ACH bank's clock on by a week: files that it has taken are settled then, whatever holidays are between.
    pub async fn pass_a_week(&self) -> Result<(), UntypedError> {
        let body = serde_json::json!({ "advance_seconds": 7 * 86_400 });
        self.http.post(format!("{}/ach/clock", self.url)).json(&body).send().await?.error_for_status()?;
        Ok(())
    }

    /// Deposits money from elsewhere, once per reference.
    pub async fn deposit(&self, currency: &str, minor_units: i64, reference: &str) -> Result<(), UntypedError> {
        let body = serde_json::json!({ "currency": currency, "minor_units": minor_units, "reference": reference });
        self.http.post(format!("{}/deposits", self.url)).json(&body).send().await?.error_for_status()?;
        Ok(())
    }
}
