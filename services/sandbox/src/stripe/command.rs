//! A command as it is sent.

use serde::{Deserialize, Serialize};

/// Why a command does nothing, in words.
pub(super) type NothingDone = &'static str;

/// The body of `POST /commands`.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct StripeCommand {
    /// `pay`, `pay_late`, `settle`, `fail_late`, `fail`, `expire`, `refund`, `refund_pending`, `refund_settled`, `refund_failed`, `refunds_become`, `inquire`,
    /// `inquiry_closed`, `dispute`, `dispute_won`, `dispute_lost`, `warn`, `pay_out`, `move_payout`, `repeat`, `forget_keys` or `fault`.
    pub command: String,
    /// The session that it is about, or its payment; `pay_out`: whose payment is left out.
    pub session: String,
    /// `refund`, `refund_pending`: this much of the payment; all that is left if absent. `dispute`: this much of it; all if absent. `pay`: the session says that
    /// this was paid.
    pub amount: Option<i64>,
    /// `pay`: the session says that it was paid in this currency.
    pub currency: Option<String>,
    /// `pay`: the session says this of itself.
    pub livemode: Option<bool>,
    /// `dispute_won`: the fee is given back too.
    pub fee_back: bool,
    /// `repeat`: the event to deliver once more.
    pub event: String,
    /// `refunds_become`: what becomes of refunds from now on, see [`super::commands::REFUND_STATES`].
    pub state: String,
    /// `fault`: `down`, `429`, `409`, `500` or `cut` (done, and the answer lost).
    pub fault: String,
    /// `fault`: for how many requests.
    pub times: u32,
    /// `pay_out`: the fee of a payment, in the smallest unit; a usual one if absent. `currency`: the currency of the payout, with this rate to it in ten-thousandths.
    pub fee: Option<i64>,
    pub rate: Option<i64>,
    /// `pay_out`: held back of it, and withheld as tax; a payment that nobody here made.
    pub reserve: i64,
    pub withheld: i64,
    pub strange: i64,
    /// `pay_out`, `move_payout`: `in_transit`, `paid` or `failed`; paid if empty.
    pub status: String,
    /// `move_payout`: the payout.
    pub payout: String,
}
