//! What banks do with payouts.
use crate::{
    deeds::{BankDeed, Deed},
    scenario::Scenario,
};

/// What every behaviour of the first bank takes.
const OF_BANK: &[&str] = &["payout", "account", "times"];
const WITH_CODE: &[&str] = &["payout", "account", "code", "times"];
const WITH_DELAY: &[&str] = &["payout", "account", "delay-ms", "times"];
const WITH_AMOUNT: &[&str] = &["payout", "account", "minor-units", "times"];
const OF_RETURN: &[&str] = &["payout", "account", "code", "charge", "delay-ms", "times"];
const OF_PART: &[&str] = &["payout", "account", "code", "minor-units", "charge", "delay-ms", "times"];
const OF_JSON: &[&str] = &["payout", "holder", "times"];
const JSON_CODE: &[&str] = &["payout", "holder", "code", "times"];
const OF_CREDIT: &[&str] = &["currency", "minor-units"];

const fn bank(name: &'static str, behaviour: &'static str, effect: &'static str) -> Scenario {
    with(name, behaviour, "", 0, OF_BANK, effect)
}

const fn coded(name: &'static str, behaviour: &'static str, code: &'static str, effect: &'static str) -> Scenario {
    with(name, behaviour, code, 0, WITH_CODE, effect)
}

const fn with(
    name: &'static str,
    behaviour: &'static str,
    code: &'static str,
    minor_units: u64,
    takes: &'static [&'static str],
    effect: &'static str,
) -> Scenario {
    Scenario { name, effect, takes, deed: Deed::Bank(BankDeed { behaviour, code, minor_units, returns: false }) }
}

const fn back(
    name: &'static str,
    behaviour: &'static str,
    minor_units: u64,
    takes: &'static [&'static str],
    effect: &'static str,
) -> Scenario {
    Scenario { name, effect, takes, deed: Deed::Bank(BankDeed { behaviour, code: "AC04", minor_units, returns: true }) }
}

const fn json(name: &'static str, behaviour: &'static str, code: &'static str, effect: &'static str) -> Scenario {
    Scenario { name, effect, takes: if code.is_empty() { OF_JSON } else { JSON_CODE }, deed: Deed::JsonBank(behaviour, code) }
}

const fn statement(name: &'static str, fault: &'static str, takes: &'static [&'static str], effect: &'static str) -> Scenario {
    Scenario { name, effect, takes, deed: Deed::Statement(fault) }
}

/// The first bank's, by what becomes of the payout; then the JSON bank's, the ACH bank's clock and mistakes in statements.
pub(crate) const PAYMENT_SCENARIOS: &[Scenario] = &[
    bank("payout.settled", "settle", "The bank pays; a payout that it keeps undecided is paid now"),
    bank("payout.settled_later", "settle_later", "The bank takes the payment, and pays when it is asked for its status"),
    coded("payout.rejected", "reject", "AC04", "The bank does not pay and says why; an undecided payout is rejected now"),
    coded("payout.rejected_but_paid", "reject_executed", "AC04", "The bank pays, and says that it rejected; only the statement shows it"),
    bank("payout.pending", "pending", "The bank says that it is undecided, until payout.settled or payout.rejected names the payout"),
    bank(
        "payout.lost",
        "lose",
        "The bank never sees the payment, and the connection breaks: its outcome is unknown until the bank is asked",
    ),
    bank("payout.lost_once", "lose_once", "The same the first time; the next attempt is paid"),
    bank("payout.cut", "cut", "The bank pays, and the connection breaks before its answer"),
    with("payout.late", "late", "", 0, WITH_DELAY, "The bank pays, and answers later than the payer waits"),
    bank("payout.silent", "silent", "The bank neither pays nor answers"),
    bank("payout.silent_but_paid", "silent_executed", "The bank pays, and never answers"),
    bank("payout.garbled", "garbage", "The bank pays, and answers with something that is no message"),
    bank("payout.unreported", "unreported", "The bank pays, and leaves the payment out of its answer"),
    back(
        "payout.returned",
        "return",
        0,
        OF_RETURN,
        "The money comes back: of a payout that is paid at once, else some seconds after it is paid",
    ),
    back(
        "payout.returned_in_part",
        "return_part",
        100,
        OF_PART,
        "A part of the money comes back, 100 minor units unless another amount is given",
    ),
    with("payout.charged", "fee", "", 25, WITH_AMOUNT, "The bank pays, and books a fee of 25 minor units, or of another amount, beside it"),
    bank("payout.recall_accepted", "recall_accept", "When the payout is recalled, the money comes back"),
    coded("payout.recall_refused", "recall_refuse", "CUST", "When the payout is recalled, the other bank refuses"),
    bank("payout.recall_unanswered", "recall_silent", "When the payout is recalled, nobody answers"),
    bank("payout.callback_twice", "callback_twice", "The bank pays, and sends each of its callbacks twice"),
    bank("payout.callback_disorder", "callback_disorder", "The bank pays, and sends its callbacks in the wrong order"),
    bank("payout.callback_first", "callback_first", "The bank pays, and its callbacks come before its answer"),
    bank("payout.callback_forged", "callback_forged", "The bank pays; a callback that it did not sign says that it rejected"),
    bank("payout.callback_foreign", "callback_foreign", "The bank pays; a callback about somebody else's payment comes too"),
    json("wallet_payout.settled", "settle", "", "The JSON bank pays at once"),
    json("wallet_payout.settled_later", "settle_later", "", "The JSON bank pays when it is asked for the payment"),
    json("wallet_payout.refused", "refuse", "10101", "The JSON bank does not take the payment"),
    json("wallet_payout.rejected", "reject", "11500", "The JSON bank takes the payment and rejects it later"),
    json("wallet_payout.silent", "silent", "", "The JSON bank neither takes the payment nor answers"),
    json("wallet_payout.silent_but_paid", "silent_executed", "", "The JSON bank pays, and never answers"),
    json("wallet_payout.cut", "cut", "", "The JSON bank pays, and the connection breaks before its answer"),
    json("wallet_payout.lost", "lose", "", "The JSON bank does not take the payment, and the connection breaks"),
    json("wallet_payout.late", "late", "", "The JSON bank pays, and answers later than the payer waits"),
    json("wallet_payout.garbled", "garbage", "", "The JSON bank pays, and answers with something that is no JSON"),
    json("wallet_payout.pending", "pending", "", "The JSON bank keeps the payment undecided"),
    json("wallet_payout.in_review", "compliance_review", "", "The JSON bank keeps the payment for a review of its own"),
    json("wallet_payout.contradicted", "contradict", "", "The JSON bank pays; its callbacks say that it rejected"),
    json("wallet_payout.called_duplicate", "duplicate_request", "", "The JSON bank pays, and calls the payment a duplicate"),
    json("wallet_payout.returned", "return", "R03", "A payment over ACH comes back once the JSON bank was asked for it"),
    json("wallet_payout.callback_first", "callback_first", "", "The JSON bank pays, and its callbacks come before its answer"),
    json(
        "wallet_payout.callback_forged",
        "callback_forged",
        "",
        "The JSON bank pays; a callback that it did not sign says that it rejected",
    ),
    json("wallet_payout.callback_foreign", "callback_foreign", "", "The JSON bank pays; a callback about nobody's payment comes too"),
    json("wallet_payout.cancelled", "cancel", "", "The JSON bank cancels a payment that it keeps undecided"),
    Scenario {
        name: "ach.days_passed",
        effect: "The ACH bank's clock moves on by one day, or by more: what it was sent is paid or comes back",
        takes: &["days"],
        deed: Deed::Days,
    },
    statement(
        "statement.unknown_credit",
        "unknown_credit",
        OF_CREDIT,
        "Money that nobody knows is on the bank's next statement, 100 minor units of USD unless others are given",
    ),
    statement(
        "statement.unknown_debit",
        "unknown_debit",
        OF_CREDIT,
        "Money that nobody ordered to be paid is missing on the bank's next statement",
    ),
    statement("statement.duplicate_debit", "duplicate_debit", &["payout", "currency"], "The bank debits a payout twice"),
];
