//! How each purchase is paid back: by its store, by its buyer's bank, by staff, or because its buyer withdraws.
use super::{
    BuyingDesk,
    buying::{StoreSale, order},
    cases::{BuyingPlan, CaseCount, RefundedBy},
    until,
};
use crate::{
    installation::{authorised, explained},
    stores,
};
use api::{
    purchase::{
        ApproveRefundRequest, CoinPackage, GetWalletClosureRequest, RefundPurchaseRequest, RequestRefundRequest,
        RequestWalletClosureRequest,
    },
    r#type::Money,
};
use identity::Role;
use runtime::command::UntypedError;
use sandbox::store::StoreNotification;
use serde_json::json;
use uuid::Uuid;

/// Why staff pay back.
const WHY: &str = "ticket 4711: bought by mistake";

/// Has a purchase paid back; how many coins were held before that was decided.
pub(super) async fn refund(
    desk: &BuyingDesk<'_>,
    plan: &BuyingPlan,
    sale: &StoreSale,
    currency: &str,
    count: &CaseCount,
) -> Result<i64, UntypedError> {
    let amount = |minor_units| Money { currency_code: currency.to_owned(), minor_units };
    match plan.refunded_by {
        RefundedBy::AppStore(milliunits) => {
            let order = sale.order.clone().ok_or("it was ordered in the App Store")?;
            let about = StoreNotification::about("REFUND", order);
            let said = StoreNotification { transaction_id: sale.store_id.clone(), refunded_milliunits: milliunits, ..about };
            desk.stores.notify_of_apple(said).await?;
        }
        RefundedBy::GooglePlay(pieces) => desk.stores.void_at_google(&sale.store_id, pieces).await?,
        RefundedBy::Staff(minor_units) => by_staff(desk, sale, amount(minor_units)).await?,
        RefundedBy::Buyer(minor_units) => {
            let request = RequestRefundRequest {
                request_id: Uuid::now_v7().to_string(),
                purchase_id: sale.purchase_id.clone(),
                amount: minor_units.map(amount),
                ..Default::default()
            };
            desk.installation.purchase().request_refund(authorised(request, &desk.token(plan.user)?)?).await?;
        }
        RefundedBy::Closure => close(desk, plan, count).await?,
        RefundedBy::Bank => {
            desk.stores.command(stores::STRIPE, &json!({"command": "dispute", "session": sale.store_id})).await?;
            let held = until(async || desk.wallet(plan.user).await, |wallet| wallet.held_coins == count.taken).await?.held_coins;
            desk.stores.command(stores::STRIPE, &json!({"command": "dispute_lost", "session": sale.store_id})).await?;
            return Ok(held);
        }
    }
    Ok(0)
}

/// The owner looks at what would become of the wallet, and closes it.
async fn close(desk: &BuyingDesk<'_>, plan: &BuyingPlan, count: &CaseCount) -> Result<(), UntypedError> {
    let token = desk.token(plan.user)?;
    let mut purchases = desk.installation.purchase();
    let outlook = purchases.get_wallet_closure(authorised(GetWalletClosureRequest::default(), &token)?).await?.into_inner();
    let shown: Vec<i64> = outlook.refunds.iter().map(|refund| refund.minor_units).collect();
    if shown != [count.refunded] || outlook.forfeited_coins != 0 || !outlook.obstacles.is_empty() {
        return Err(format!("what closing the wallet would come to is not {}: {outlook:?}", count.refunded).into());
    }
    let request = RequestWalletClosureRequest { request_id: Uuid::now_v7().to_string(), ..Default::default() };
    purchases.request_wallet_closure(authorised(request, &token)?).await?;
    Ok(())
}

async fn by_staff(desk: &BuyingDesk<'_>, sale: &StoreSale, amount: Money) -> Result<(), UntypedError> {
    let (asking, approving) = (desk.installation.token("finance", Role::Finance)?, desk.installation.token("controller", Role::Admin)?);
    let request = RefundPurchaseRequest {
        request_id: Uuid::now_v7().to_string(),
        purchase_id: sale.purchase_id.clone(),
        amount: Some(amount),
        ..Default::default()
    };
    let asked = desk.installation.purchase().refund_purchase(explained(request, &asking, WHY)?).await?.into_inner();
    let refund_id = asked.refund.ok_or("the refund is in the answer")?.refund_id;
    let request = ApproveRefundRequest { request_id: Uuid::now_v7().to_string(), refund_id, ..Default::default() };
    desk.installation.purchase().approve_refund(explained(request, &approving, WHY)?).await?;
    Ok(())
}

/// The buyer buys once more; the app dies, and only the App Store's notification reports it. Returns when the coins have paid for what is owed.
pub(super) async fn top_up(desk: &BuyingDesk<'_>, plan: &BuyingPlan, package: &CoinPackage, owed: i64) -> Result<(), UntypedError> {
    let order = order(desk, plan, package, 1).await?;
    desk.stores.notify_of_apple(StoreNotification::about("ONE_TIME_CHARGE", order)).await?;
    let left = owed - owed.min(package.coins);
    until(async || desk.wallet(plan.user).await, |wallet| wallet.debt_coins == left).await?;
    Ok(())
}
