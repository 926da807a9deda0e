//! The bank as its customer sees it: statements, and deposits from elsewhere.
use iso20022::camt053::Statement;
use runtime::command::UntypedError;

/// A customer of the pretend bank.
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
    pub async fn statement(&self, currency: &str) -> Result<Statement, UntypedError> {
        let response = self.http.get(format!("{}/statements/{currency}", self.url)).send().await?.error_for_status()?;
        let statement = Statement::read(&response.bytes().await?)?;
        if !statement.adds_up() {
            return Err(format!("the bank's {currency} statement does not add up").into());
        }
        Ok(statement)
    }

    /// The account's balance.
    pub async fn balance(&self, currency: &str) -> Result<i64, UntypedError> {
        Ok(i64::try_from(self.statement(currency).await?.closing.signed_minor_units())?)
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

    /// Deposits money from elsewhere, once per reference.
    pub async fn deposit(&self, currency: &str, minor_units: i64, reference: &str) -> Result<(), UntypedError> {
        let body = serde_json::json!({ "currency": currency, "minor_units": minor_units, "reference": reference });
        self.http.post(format!("{}/deposits", self.url)).json(&body).send().await?.error_for_status()?;
        Ok(())
    }
}
