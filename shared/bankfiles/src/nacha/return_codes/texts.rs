//! Next steps for staff, and texts for the person who was to be paid.

/// Codes, next step and words.
type ReturnTexts = (&'static [&'static str], &'static str, &'static str);

const DEBITS_STEP: &str = "None for a payout: only debits get this code. If a credit got it, ask the bank.";
const DEBITS_WORDS: &str = "Your bank sent the payment back with a code that does not fit it. We are asking the banks.";
const OURS_WORDS: &str = "The payment was sent back because of an error on our side. You need not do anything; we will correct it.";
const BANKS_WORDS: &str = "The banks are settling a question about your payment between them. You need not do anything.";
const REVIEW_WORDS: &str = "Your bank sent the payment back. We are looking into it and will contact you.";
const ROUTING_WORDS: &str = "The routing number you gave us does not work. Please check it with your bank and enter it again.";
const OTHER_ACCOUNT_WORDS: &str = "Your bank cannot take this payment on this account. Please give us another account.";
const RAIL_WORDS: &str = "Your bank cannot take the payment at the moment. We are looking for another way to pay you.";

/// Every code is in exactly one row, except those that only debits get and those of enrolments and dishonoured returns, which are told
/// alike.
const TEXTS: [ReturnTexts; 28] = [
    (
        &["R02"],
        "Ask for another account; disable the beneficiary.",
        "Your bank says that this account is closed. Please give us another account.",
    ),
    (
        &["R03"],
        "Ask to check the name and the account number; they do not fit together.",
        "Your bank found no account with this number and name. Please check both and enter them again.",
    ),
    (
        &["R04"],
        "Ask to correct the account number.",
        "Your bank does not have account numbers of this form. Please check the number and enter it again.",
    ),
    (
        &["R06"],
        "Our own recall succeeded: close the recall and book the money back.",
        "We called this payment back, and your bank returned it.",
    ),
    (
        &["R12"],
        "Ask for the new routing number.",
        "Your branch now belongs to another bank. Please give us the new routing and account number.",
    ),
    (&["R13", "R28"], "Ask to check the routing number.", ROUTING_WORDS),
    (
        &["R14", "R15"],
        "Freeze the beneficiary; have the identity checked again before anything is paid.",
        "Your bank sent the payment back. Please contact us, so that we can clear up who the account belongs to.",
    ),
    (&["R16"], "Compliance review before any new payout.", REVIEW_WORDS),
    (&["R17"], "Fraud review; look for QUESTIONABLE in the addenda information.", REVIEW_WORDS),
    (&["R90"], "Compliance review: the bank names sanctions. Nothing is paid before it ends.", REVIEW_WORDS),
    (&["R18"], "Correct the effective entry date and the calendar; send again.", OURS_WORDS),
    (&["R19"], "Correct the amount in the file; send again.", OURS_WORDS),
    (&["R20"], "Ask for another account.", "This account cannot receive transfers. Please give us another account."),
    (&["R21"], "Correct the company identification; send again.", OURS_WORDS),
    (&["R22"], "Correct the identification number; send again.", OURS_WORDS),
    (
        &["R23"],
        "Ask the person why the money was refused, before anything is sent again.",
        "The payment was refused at your bank. Please tell us how you want to be paid.",
    ),
    (
        &["R24"],
        "Find the first entry and whether it was paid; do not send again.",
        "Your bank thinks this payment came twice. We are checking which one you got.",
    ),
    (&["R25"], "Correct the addenda record; send again.", OURS_WORDS),
    (&["R26"], "Correct the mandatory field; send again.", OURS_WORDS),
    (&["R27"], "Correct the trace number; send again.", OURS_WORDS),
    (&["R31"], "Ask our bank why it agreed to the late return; settle it with the receiver.", REVIEW_WORDS),
    (&["R32", "R83", "R84"], "Pay over another rail, or later.", RAIL_WORDS),
    (&["R34"], "Ask for an account at another bank.", OTHER_ACCOUNT_WORDS),
    (&["R36"], "Send again in a class that allows credits.", OURS_WORDS),
    (&["R80"], "Correct the codes of the international entry; send again.", OURS_WORDS),
    (&["R81"], "The bank abroad cannot be reached this way: find another rail.", RAIL_WORDS),
    (
        &["R82"],
        "Correct the identification of the foreign bank; send again.",
        "The bank you gave us could not be found. Please check its identification.",
    ),
    (&["R85"], "Send again as an IAT entry.", OURS_WORDS),
];

const DISHONOURED_STEP: &str =
    "A return is disputed: the money may move back again. Book both movements; tell nobody that the return is final.";
const CONTESTED_STEP: &str = "Final between the banks: the return stands. Book it, and take up what remains open with our bank.";

/// Next step and words of a code of the table.
pub fn of(code: &str) -> (&'static str, &'static str) {
    match TEXTS.iter().find(|(codes, _, _)| codes.contains(&code)) {
        Some((_, next_step, words)) => (next_step, words),
        None if code.starts_with("R6") || code == "R70" => (DISHONOURED_STEP, BANKS_WORDS),
        None if code.starts_with("R7") => (CONTESTED_STEP, BANKS_WORDS),
        None => (DEBITS_STEP, DEBITS_WORDS),
    }
}
