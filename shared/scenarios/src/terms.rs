//! What a caller gives to a scenario.

/// Characters of a UUID with its hyphens.
const UUID_CHARACTERS: usize = 36;
/// Characters of an EndToEndId (`Max35Text`).
const END_TO_END_ID_MAX: usize = 35;

/// The terms of a scenario; each takes some of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScenarioTerms {
    /// A payout's id, or the EndToEndId of one of its attempts.
    pub payout: Option<String>,
    /// Payments to this account from now on.
    pub account: Option<String>,
    /// Payments to a holder of this name from now on, at the bank that speaks JSON.
    pub holder: Option<String>,
    /// The store, by the name that `GetPurchase` has for it.
    pub store: Option<String>,
    /// The purchase's transaction, or before it is paid the order: Stripe's session, or the checkout's id.
    pub transaction: Option<String>,
    /// A reason code, such as `AC04`.
    pub code: Option<String>,
    /// An amount in minor units.
    pub minor_units: Option<u64>,
    /// What the returning bank keeps, in minor units.
    pub charge: Option<u64>,
    /// A delay in milliseconds.
    pub delay_ms: Option<u64>,
    /// For how many payments, requests or events.
    pub times: Option<u32>,
    /// How many pieces are paid back.
    pub quantity: Option<u32>,
    /// How much of the price is paid back, in percent.
    pub percent: Option<u32>,
    /// How many days pass.
    pub days: Option<u32>,
    /// ISO 4217 code of the account at the bank.
    pub currency: Option<String>,
}

impl ScenarioTerms {
    /// The names of those that are given.
    #[must_use]
    pub fn given(&self) -> Vec<&'static str> {
        let all = [
            ("payout", self.payout.is_some()),
            ("account", self.account.is_some()),
            ("holder", self.holder.is_some()),
            ("store", self.store.is_some()),
            ("transaction", self.transaction.is_some()),
            ("code", self.code.is_some()),
            ("minor-units", self.minor_units.is_some()),
            ("charge", self.charge.is_some()),
            ("delay-ms", self.delay_ms.is_some()),
            ("times", self.times.is_some()),
            ("quantity", self.quantity.is_some()),
            ("percent", self.percent.is_some()),
            ("days", self.days.is_some()),
            ("currency", self.currency.is_some()),
        ];
        all.into_iter().filter(|(_, given)| *given).map(|(name, _)| name).collect()
    }

    /// The EndToEndId of the payment that is meant: of a payout's id, the one of its first attempt.
    pub(crate) fn end_to_end_id(&self) -> Result<Option<String>, String> {
        let Some(id) = self.payout.as_deref().map(str::trim) else { return Ok(None) };
        let digits = id.replace('-', "");
        if id.len() == UUID_CHARACTERS && digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Ok(Some(digits.to_ascii_lowercase()));
        }
        let fits = (1..=END_TO_END_ID_MAX).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic());
        fits.then(|| Some(id.to_owned())).ok_or_else(|| "payout must be a payout's id, or the EndToEndId of one of its attempts".to_owned())
    }

    /// A code of a reason, or this one.
    pub(crate) fn code_or(&self, usual: &str) -> String {
        self.code.clone().unwrap_or_else(|| usual.to_owned())
    }
}
