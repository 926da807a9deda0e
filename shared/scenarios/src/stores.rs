//! What stores, buyers and their banks do with purchases.
use crate::{
    deeds::{Deed, DeliveryDeed, FailureDeed, PretendStore, StoreDeed},
    scenario::Scenario,
};
use PretendStore::{Alipay, Apple, Google, Stripe, Wechat};
use StoreDeed::{Change, Command, Notify};

const OF_PURCHASE: &[&str] = &["store", "transaction"];
const OF_REFUND: &[&str] = &["store", "transaction", "minor-units", "quantity", "percent"];
const WITH_AMOUNT: &[&str] = &["store", "transaction", "minor-units"];
const OF_STORES: &[&str] = &["store"];
const SOME_TIMES: &[&str] = &["store", "times"];

const fn purchase(
    name: &'static str,
    deeds: &'static [(PretendStore, StoreDeed)],
    takes: &'static [&'static str],
    effect: &'static str,
) -> Scenario {
    Scenario { name, effect, takes, deed: Deed::Purchase(deeds) }
}

const fn deliveries(name: &'static str, deed: DeliveryDeed, takes: &'static [&'static str], effect: &'static str) -> Scenario {
    Scenario { name, effect, takes, deed: Deed::Deliveries(deed) }
}

const fn failure(name: &'static str, deed: FailureDeed, effect: &'static str) -> Scenario {
    Scenario { name, effect, takes: SOME_TIMES, deed: Deed::Failure(deed) }
}

/// By what becomes of the purchase; then how reports come, and how a store's answers fail.
pub(crate) const STORE_SCENARIOS: &[Scenario] = &[
    purchase(
        "purchase.paid",
        &[(Google, Change("pay", 0)), (Stripe, Command("pay")), (Alipay, Command("pay")), (Wechat, Command("pay"))],
        OF_PURCHASE,
        "The buyer pays what was ordered",
    ),
    purchase(
        "purchase.paid_late",
        &[(Stripe, Command("pay_late"))],
        OF_PURCHASE,
        "The buyer pays in a way that takes days; then purchase.payment_settled or purchase.payment_failed",
    ),
    purchase("purchase.payment_settled", &[(Stripe, Command("settle"))], OF_PURCHASE, "What takes days has arrived"),
    purchase("purchase.payment_failed", &[(Stripe, Command("fail_late"))], OF_PURCHASE, "What takes days does not arrive"),
    purchase("purchase.declined", &[(Stripe, Command("fail"))], OF_PURCHASE, "The buyer's card is declined; the order stays open"),
    purchase(
        "purchase.abandoned",
        &[(Google, Change("cancel", 0)), (Stripe, Command("expire")), (Alipay, Command("close")), (Wechat, Command("close"))],
        OF_PURCHASE,
        "The order ends unpaid",
    ),
    purchase(
        "purchase.refunded",
        &[
            (Apple, Notify("REFUND")),
            (Google, Change("refund", 0)),
            (Stripe, Command("refund")),
            (Alipay, Command("refund")),
            (Wechat, Command("refund")),
        ],
        OF_REFUND,
        "The store pays the buyer back: all that is left, or percent (apple), quantity (google) or minor-units (the others) of it",
    ),
    purchase(
        "purchase.refund_pending",
        &[(Stripe, Command("refund_pending"))],
        WITH_AMOUNT,
        "A refund that the buyer's bank takes its time for",
    ),
    purchase(
        "purchase.refund_settled",
        &[
            (Google, Change("refund_settled", 0)),
            (Stripe, Command("refund_settled")),
            (Alipay, Command("refund_settled")),
            (Wechat, Command("refund_settled")),
        ],
        OF_PURCHASE,
        "A refund that is on its way is paid",
    ),
    purchase(
        "purchase.refund_failed",
        &[(Stripe, Command("refund_failed")), (Alipay, Command("refund_called_off")), (Wechat, Command("refund_called_off"))],
        OF_PURCHASE,
        "A refund that is on its way, or of a card even one that was paid, comes back",
    ),
    purchase(
        "purchase.refund_stuck",
        &[(Alipay, Command("refund_stuck")), (Wechat, Command("refund_stuck"))],
        OF_PURCHASE,
        "A refund that is on its way can't be paid by itself: staff have to act at the wallet",
    ),
    purchase("purchase.refund_reversed", &[(Apple, Notify("REFUND_REVERSED"))], OF_PURCHASE, "The App Store takes a refund back"),
    purchase(
        "purchase.refund_asked",
        &[(Apple, Notify("CONSUMPTION_REQUEST")), (Google, Change("ask", 1))],
        OF_PURCHASE,
        "The buyer asks the store for a refund, and the store asks us how much was consumed",
    ),
    purchase(
        "purchase.disputed",
        &[(Google, Change("ask", 7)), (Stripe, Command("dispute"))],
        WITH_AMOUNT,
        "The buyer has the bank take the money back: the coins are held until it is decided",
    ),
    purchase("purchase.dispute_won", &[(Stripe, Command("dispute_won"))], OF_PURCHASE, "The dispute is decided for us"),
    purchase(
        "purchase.dispute_lost",
        &[(Stripe, Command("dispute_lost"))],
        OF_PURCHASE,
        "The dispute is decided for the buyer, and the coins go back",
    ),
    purchase(
        "purchase.inquired",
        &[(Stripe, Command("inquire"))],
        OF_PURCHASE,
        "The buyer's bank asks about the payment; nothing is withdrawn",
    ),
    purchase("purchase.inquiry_closed", &[(Stripe, Command("inquiry_closed"))], OF_PURCHASE, "The inquiry ends without a dispute"),
    purchase("purchase.fraud_warned", &[(Stripe, Command("warn"))], OF_PURCHASE, "The card's issuer warns that the payment may be a fraud"),
    deliveries(
        "webhooks.delivered",
        DeliveryDeed::Normal,
        OF_STORES,
        "Stores report what happens, at once and each once; what was held comes now",
    ),
    deliveries("webhooks.late", DeliveryDeed::Held, OF_STORES, "What stores report is held until webhooks.delivered"),
    deliveries("webhooks.twice", DeliveryDeed::Twice, OF_STORES, "Each report comes twice"),
    deliveries("webhooks.disorder", DeliveryDeed::Reversed, OF_STORES, "Of the reports that wait the newest comes first"),
    deliveries(
        "webhooks.lost",
        DeliveryDeed::Lost,
        SOME_TIMES,
        "The next report is lost, or the next times ones (not of google, whose reports can be held)",
    ),
    failure("store.unreachable", FailureDeed::Unreachable, "The store can't be reached for the next request, or the next times requests"),
    failure("store.overloaded", FailureDeed::Overloaded, "The store refuses the next requests for their number"),
    failure("store.broken", FailureDeed::Broken, "The store answers the next requests with an error of its own"),
    failure("store.answer_lost", FailureDeed::AnswerLost, "The store does what the next requests ask, and its answers are lost"),
];
