//! Buys coins as an app would: the store sells a package bound to the user, and its receipt is redeemed.
use crate::installation::{Installation, authorised};
use api::purchase::{
    CoinPackage, GetWalletRequest, ListCoinPackagesRequest, ListPurchasesRequest, Purchase, PurchaseState, RedeemPurchaseRequest,
    RedeemPurchaseResponse, SalesChannel, redeem_purchase_request::Receipt,
};
use identity::Role;
use money::Currency;
use runtime::command::UntypedError;
use runtime::sandbox_bundle;
use serde::Deserialize;
use uuid::Uuid;

/// The market and channel of the pretend store.
const MARKET: &str = "US";
/// Packages of one purchase.
const QUANTITY_MAX: i64 = 10;

/// A client of the pretend store and of the purchase service.
pub struct Shop {
    installation: Installation,
    packages: Vec<CoinPackage>,
    http: reqwest::Client,
}

#[derive(Deserialize)]
struct SoldPackage {
    #[serde(rename = "signedTransaction")]
    signed_transaction: String,
}

impl Shop {
    /// Reads the packages on sale.
    pub async fn open(installation: &Installation) -> Result<Self, UntypedError> {
        let request = ListCoinPackagesRequest { market: MARKET.to_owned(), sales_channel: SalesChannel::App.into(), ..Default::default() };
        let token = installation.token("shop", Role::Viewer)?;
        let mut packages = installation.purchase().list_coin_packages(authorised(request, &token)?).await?.into_inner().packages;
        packages.sort_by_key(|package| package.coins);
        if packages.is_empty() {
            return Err("nothing is on sale".into());
        }
        Ok(Self { installation: installation.clone(), packages, http: http_client::local().build()? })
    }

    /// A signed transaction for `quantity` packages, bound to the user by the wallet's token.
    pub async fn sell(&self, user: &str, package: &CoinPackage, quantity: i64) -> Result<String, UntypedError> {
        let token = self.installation.token(user, Role::Viewer)?;
        let wallet = self.installation.purchase().get_wallet(authorised(GetWalletRequest::default(), &token)?).await?.into_inner();
        let price = package.price.clone().ok_or("a package has a price")?;
        let digits = Currency::try_new(&price.currency_code)?.minor_digits();
        // Apple states prices in thousandths of the currency's unit.
        let milliunits = price.minor_units * 1000 / 10_i64.pow(digits);
        let order = serde_json::json!({
            "bundle_id": sandbox_bundle(self.installation.book.as_str()),
            "product_id": package.product_id,
            "app_account_token": wallet.app_account_token,
            "quantity": quantity,
            "price": milliunits,
            "currency": price.currency_code,
        });
        let url = format!("{}/apple/purchases", self.installation.store_url);
        let sold: SoldPackage = self.http.post(url).json(&order).send().await?.error_for_status()?.json().await?;
        Ok(sold.signed_transaction)
    }

    /// Redeems a receipt as this user.
    pub async fn redeem(&self, user: &str, receipt: &str) -> Result<Result<RedeemPurchaseResponse, tonic::Status>, UntypedError> {
        let token = self.installation.token(user, Role::Viewer)?;
        let receipt = Some(Receipt::AppleSignedTransaction(receipt.to_owned()));
        let request = RedeemPurchaseRequest { request_id: Uuid::now_v7().to_string(), receipt, ..Default::default() };
        Ok(self.installation.purchase().redeem_purchase(authorised(request, &token)?).await.map(tonic::Response::into_inner))
    }

    /// Buys at least this many coins for the user: the largest packages that fit, then the smallest one that covers the rest. Returns the purchases.
    pub async fn buy(&self, user: &str, coins: i64) -> Result<Vec<Purchase>, UntypedError> {
        let mut purchases = Vec::new();
        let mut missing = coins;
        while missing > 0 {
            let covering = self.packages.iter().find(|package| package.coins >= missing);
            let largest = self.packages.iter().rev().find(|package| package.coins <= missing);
            let (package, quantity) = match (covering, largest) {
                (Some(package), None) => (package, 1),
                (Some(package), Some(_)) if package.coins - missing < package.coins / 4 => (package, 1),
                (_, Some(package)) => (package, (missing / package.coins).min(QUANTITY_MAX)),
                (None, None) => return Err("no package has any coins".into()),
            };
            let receipt = self.sell(user, package, quantity).await?;
            let redeemed = self.redeem(user, &receipt).await??;
            let purchase = redeemed.purchase.ok_or("a redeemed purchase is told")?;
            missing -= purchase.coins;
            purchases.push(purchase);
        }
        Ok(purchases)
    }

    /// Buys what the user lacks to have bought this many coins in all, so repeating it buys nothing.
    pub async fn ensure_bought(&self, user: &str, coins: i64) -> Result<Vec<Purchase>, UntypedError> {
        let token = self.installation.token(user, Role::Viewer)?;
        let mut bought = 0;
        let mut request = ListPurchasesRequest { page_size: 200, ..Default::default() };
        loop {
            let page = self.installation.purchase().list_purchases(authorised(request.clone(), &token)?).await?.into_inner();
            let credited = page.purchases.iter().filter(|purchase| purchase.state() == PurchaseState::Credited);
            bought += credited.map(|purchase| purchase.coins).sum::<i64>();
            if page.next_page_token.is_empty() {
                break;
            }
            request.page_token = page.next_page_token;
        }
        self.buy(user, coins - bought).await
    }

    /// The smallest package on sale.
    #[must_use]
    pub fn smallest(&self) -> &CoinPackage {
        &self.packages[0]
    }
}
