//! Which payouts the demo makes, to which accounts, and what is expected to become of each.
use super::settings::{LISTED_NAME, RESEMBLING_NAME};
use api::payout::{AbaAccount, Clabe, PayoutState, PixKey, UkAccount, create_beneficiary_request::Account};
use runtime::command::UntypedError;
use sandbox::bank::MAGIC;

/// A US bank's routing number; the pretend bank accepts any.
const ROUTING_NUMBER: &str = "021000021";
/// The US account of [`PaidTo::Offline`].
pub const OFFLINE: &str = "5512345678";

/// The expected course of a payout.
#[derive(Debug, Clone, Copy)]
pub struct PayoutPlan {
    /// What it shows, in a few words.
    pub what: &'static str,
    /// ISO 4217 code of the currency that the creator converts into and is paid in.
    pub currency: &'static str,
    /// The payee's name; `None`: one that no list has.
    pub holder: Option<&'static str>,
    /// Where it goes.
    pub to: PaidTo,
    /// Rails over which it is tried; the last one pays it, or refuses it.
    pub rails: &'static [&'static str],
    /// The state in which it ends, or stays.
    pub state: PayoutState,
    /// The code of the bank's last reason; empty: none.
    pub reason_code: &'static str,
    /// Whether its outcome is unknown for a while.
    pub unknown_between: bool,
    /// Debits with its id in the bank's statement.
    pub booked: usize,
    /// What else happens to it.
    pub turn: PayoutTurn,
}

/// The account of a payout.
#[derive(Debug, Clone, Copy)]
pub enum PaidTo {
    /// A US account or an IBAN for which the pretend bank has this behaviour.
    Magic(&'static str),
    /// Sort code and account number.
    Uk,
    /// A Pix key.
    Pix,
    /// A CLABE.
    Clabe,
    /// A US account at a bank that is not online: both instant rails refuse.
    Offline,
}

/// What happens to a payout beside its payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PayoutTurn {
    /// Nothing.
    None,
    /// It goes in a file to the ACH bank, whose clock is moved on then.
    Filed,
    /// The other bank sends half of it back, and keeps a charge.
    Returned,
    /// Finance asks for the money back, and the other bank agrees.
    Recalled,
    /// It waits because the payee's name resembles a listed one, until a reviewer clears it.
    Cleared,
    /// It waits because the payee is listed, and two reviewers confirm that.
    Blocked,
}

const SETTLED: PayoutPlan = PayoutPlan {
    what: "US, instant",
    currency: "USD",
    holder: None,
    to: PaidTo::Magic("settle"),
    rails: &["us-rtp"],
    state: PayoutState::Settled,
    reason_code: "",
    unknown_between: false,
    booked: 1,
    turn: PayoutTurn::None,
};

/// One plan for each conversion: the creator who earned most gets the first one.
pub const FATES: [PayoutPlan; 12] = [
    SETTLED,
    PayoutPlan { what: "EUR, instant", currency: "EUR", rails: &["sepa-instant"], ..SETTLED },
    PayoutPlan { what: "UK, instant", currency: "GBP", to: PaidTo::Uk, rails: &["gb-fps"], ..SETTLED },
    PayoutPlan { what: "Brazil, Pix key", currency: "BRL", to: PaidTo::Pix, rails: &["br-pix"], ..SETTLED },
    PayoutPlan { what: "Mexico, CLABE", currency: "MXN", to: PaidTo::Clabe, rails: &["mx-spei"], ..SETTLED },
    PayoutPlan {
        what: "US, falls back",
        to: PaidTo::Offline,
        rails: &["us-rtp", "us-fednow", "us-ach-same-day"],
        state: PayoutState::SettledReturnable,
        turn: PayoutTurn::Filed,
        ..SETTLED
    },
    PayoutPlan {
        what: "US, account closed",
        to: PaidTo::Magic("reject:AC04"),
        state: PayoutState::Rejected,
        reason_code: "AC04",
        booked: 0,
        ..SETTLED
    },
    PayoutPlan { what: "US, answer lost", to: PaidTo::Magic("cut"), unknown_between: true, ..SETTLED },
    PayoutPlan { what: "EUR, part returned", currency: "EUR", rails: &["sepa-instant"], turn: PayoutTurn::Returned, ..SETTLED },
    PayoutPlan { what: "US, recalled", turn: PayoutTurn::Recalled, ..SETTLED },
    PayoutPlan { what: "US, held and cleared", holder: Some(RESEMBLING_NAME), turn: PayoutTurn::Cleared, ..SETTLED },
    PayoutPlan {
        what: "US, payee is listed",
        holder: Some(LISTED_NAME),
        rails: &["us-rtp"],
        state: PayoutState::InReview,
        booked: 0,
        turn: PayoutTurn::Blocked,
        ..SETTLED
    },
];

/// The account of a plan, as a beneficiary's request has it.
pub fn account(fate: &PayoutPlan) -> Result<Account, UntypedError> {
    let us = |account_number: &str| {
        let (routing_number, account_number) = (ROUTING_NUMBER.to_owned(), account_number.to_owned());
        // Without the type, ACH could not pay.
        Account::Aba(AbaAccount { routing_number, account_number, account_type: "checking".to_owned() })
    };
    let behaviour = match fate.to {
        PaidTo::Magic(behaviour) => behaviour,
        PaidTo::Uk => {
            let (sort_code, account_number) = ("601613".to_owned(), "31926819".to_owned());
            return Ok(Account::UkAccount(UkAccount { sort_code, account_number }));
        }
        PaidTo::Pix => {
            let (alias_type, alias) = ("email".to_owned(), "creator@example.com".to_owned());
            return Ok(Account::PixKey(PixKey { alias_type, alias }));
        }
        PaidTo::Clabe => return Ok(Account::Clabe(Clabe { clabe: "646180157000000004".to_owned() })),
        PaidTo::Offline => return Ok(us(OFFLINE)),
    };
    let magic = MAGIC.iter().find(|magic| magic.behaviour == behaviour).ok_or("the pretend bank knows the behaviour")?;
    Ok(if fate.currency == "USD" { us(magic.account_number) } else { Account::Iban(magic.iban.to_owned()) })
}
