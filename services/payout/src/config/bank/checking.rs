//! Whether a bank can work as it is configured.

use super::{ACH_RAILS, BankAccountConfig, BankBooksKind, BankConfig, BankProtocol};
use crate::{
    config::{
        HOUR, InvalidPayoutOption,
        address::{check_loopback, check_remote, is_loopback, is_this_machine},
    },
    domain::{
        api_rail::{branch_of, payment_type},
        shared::PAYMENTS_MAX,
    },
};
use accounts::holder::{HolderName, check_name, default_name_rules};
use bankapi::ApiPaymentType;
use chart::HouseId;
use jiff::civil::Date;
use rails::RailBook;
use reqwest::Url;
use std::{collections::BTreeSet, time::Duration};

/// The longest wait for the verification of a payee: its owner waits as well.
const MINUTE: Duration = Duration::from_secs(60);

impl BankConfig {
    /// Refuses options that cannot work, with the records of rails that are in force.
    pub fn check(&self, book: &RailBook) -> Result<(), InvalidPayoutOption> {
        let id = |name, text: &str| match HouseId::try_new(text) {
            Some(_) => Ok(()),
            None => Err(InvalidPayoutOption::Range { name, bounds: "1 to 32 of a-z, 0-9 and hyphens" }),
        };
        id("a bank's name", &self.name)?;
        id("a bank's entity", &self.entity)?;
        match self.books {
            BankBooksKind::Test => check_loopback(&self.url)?,
            BankBooksKind::Live => check_remote(&self.url)?,
        }
        let _client = self.client()?;
        self.check_callbacks()?;
        if self.payee_time_out > MINUTE || (self.protocol == BankProtocol::Api && !self.payee_time_out.is_zero()) {
            let bounds = "0 to 60,000, and 0 with the protocol api, which has no such question";
            return Err(InvalidPayoutOption::Range { name: "a bank's payee_time_out_ms", bounds });
        }
        if self.batch_booking && self.protocol != BankProtocol::Iso20022 {
            return Err(InvalidPayoutOption::Range { name: "a bank's batch_booking", bounds: "false but for the protocol iso20022" });
        }
        if self.message_payments_max > PAYMENTS_MAX || (self.protocol != BankProtocol::Iso20022 && self.message_payments_max > 0) {
            let bounds = "0 to 1,000, and 0 with any other protocol than iso20022";
            return Err(InvalidPayoutOption::Range { name: "a bank's message_payments_max", bounds });
        }
        let mut prefixes = BTreeSet::new();
        let mut ids = BTreeSet::new();
        for account in &self.accounts {
            id("a bank account's id", &account.id)?;
            account.read()?;
            let form = |text: &str| (1..=5).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
            // One that begins another could make two equal references.
            let alone = !prefixes
                .iter()
                .any(|other: &&str| other.starts_with(&account.reference_prefix) || account.reference_prefix.starts_with(*other));
            if !form(&account.reference_prefix) || !alone || !ids.insert((account.id.as_str(), account.currency.as_str())) {
                let bounds = "1 to 5 of A-Z and 0-9, none of them the beginning of another, for accounts with different ids or currencies";
                return Err(InvalidPayoutOption::Range { name: "a bank account's reference_prefix", bounds });
            }
            prefixes.insert(account.reference_prefix.as_str());
        }
        let names = default_name_rules();
        for rail in &self.rails {
            // As strict as any rule that is known, whenever it begins.
            let fits = HolderName::parse(&self.debtor_name).and_then(|name| check_name(&names, &rail.rail, &name, Date::MAX));
            fits.map_err(|fault| InvalidPayoutOption::DebtorName {
                bank: self.name.clone(),
                rail: rail.rail.clone(),
                must: fault.must.into_owned(),
            })?;
            let latest = book.records(&rail.rail).last().ok_or_else(|| InvalidPayoutOption::RailUnknown(rail.rail.clone()))?;
            if rail.time_out > HOUR {
                return Err(InvalidPayoutOption::Range { name: "a rail's time-out", bounds: "an hour at most" });
            }
            if rail.minor_units_max < 0 {
                return Err(InvalidPayoutOption::Range { name: "a rail's largest payment", bounds: "0 or more minor units" });
            }
            if !(0..=money::AMOUNT_MAX).contains(&rail.recall_fee_minor_units) {
                return Err(InvalidPayoutOption::Range { name: "a rail's recall fee", bounds: "0 or more minor units" });
            }
            let pays = |account: &BankAccountConfig| account.read().is_ok_and(|(currency, _)| latest.currencies.contains(&currency));
            if !self.accounts.iter().any(pays) {
                return Err(InvalidPayoutOption::NoAccount { bank: self.name.clone(), rail: rail.rail.clone() });
            }
        }
        match self.protocol {
            BankProtocol::Iso20022 => Ok(()),
            BankProtocol::Api => self.check_api(),
            BankProtocol::Nacha => self.check_nacha(),
        }
    }

    /// Refuses options that cannot work. Reads every file, and shows nothing of them.
    fn check_api(&self) -> Result<(), InvalidPayoutOption> {
        let api = &self.api;
        let is_id = |text: &str| (1..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        let is_scope = |scope: &String| is_id(scope) && scope.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~:".contains(&byte));
        let is_bic = |text: &str| matches!(text.len(), 8 | 11) && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        let needs_company =
            self.rails.iter().any(|rail| rail.rail.starts_with("us-") && payment_type(&rail.rail) == Some(ApiPaymentType::Ach));
        let one_key_id = api.key_id.is_empty() != api.certificate_file.as_os_str().is_empty();
        let rules = [
            ("a bank's api.client_id", is_id(&api.client_id), "1 to 128 printable characters of ASCII"),
            ("a bank's api.key_id", one_key_id, "given if api.certificate_file is not, and only then"),
            ("a bank's api.key_id", api.key_id.is_empty() || is_id(&api.key_id), "1 to 128 printable characters of ASCII"),
            ("a bank's api.resource", is_id(&api.resource), "1 to 128 printable characters of ASCII"),
            ("a bank's api.scopes", api.scopes.len() <= 20 && api.scopes.iter().all(is_scope), "20 at most, of letters, digits and -._~:"),
            ("a bank's api.branch_bic", api.branch_bic.is_empty() || is_bic(&api.branch_bic), "a BIC of 8 or 11 characters"),
            ("a bank's api.company_id", api.company_id.len() <= 35, "35 characters at most"),
            ("a bank's api.company_id", !needs_company || is_id(&api.company_id), "given for a bank that offers ACH in the United States"),
            (
                "a bank's api.token_url",
                self.is_token_url(),
                "http:// and a loopback address for TEST books, https:// and another host for LIVE books",
            ),
        ];
        if let Some((name, _, bounds)) = rules.into_iter().find(|(_, fits, _)| !fits) {
            return Err(InvalidPayoutOption::Range { name, bounds });
        }
        api.signing_key()?;
        api.key_id()?;
        for account in &self.accounts {
            let (_, address) = account.read()?;
            if branch_of(&address, &api.branch_bic).is_none() {
                let bounds = "given for accounts whose number names no branch, and an account must be one that this protocol pays from";
                return Err(InvalidPayoutOption::Range { name: "a bank's api.branch_bic", bounds });
            }
        }
        if let Some(rail) = self.rails.iter().find(|rail| payment_type(&rail.rail).is_none()) {
            return Err(InvalidPayoutOption::RailNotCarried { bank: self.name.clone(), rail: rail.rail.clone() });
        }
        Ok(())
    }

    fn is_token_url(&self) -> bool {
        let Ok(url) = Url::parse(&self.api.token_url) else { return false };
        let plain = url.username().is_empty() && url.password().is_none() && url.query().is_none() && url.fragment().is_none();
        let loopback = is_loopback(&url);
        plain
            && match self.books {
                BankBooksKind::Test => url.scheme() == "http" && loopback,
                BankBooksKind::Live => url.scheme() == "https" && !loopback && !is_this_machine(&url),
            }
    }

    /// The same of what only banks with the protocol `nacha` need.
    fn check_nacha(&self) -> Result<(), InvalidPayoutOption> {
        self.nacha.check()?;
        // Trace numbers are of the bank and not of the account, so they come from one counter.
        if !matches!(self.accounts.as_slice(), [only] if only.currency == "USD") {
            let name = "the accounts of a bank with the protocol nacha";
            return Err(InvalidPayoutOption::Range { name, bounds: "one account, in USD" });
        }
        match self.rails.iter().find(|rail| !ACH_RAILS.contains(&rail.rail.as_str())) {
            Some(rail) => Err(InvalidPayoutOption::RailNotAch { bank: self.name.clone(), rail: rail.rail.clone() }),
            None => Ok(()),
        }
    }
}
