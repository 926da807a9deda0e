//! From a receipt to a purchase that is kept: the store's word, our price list, and whose it is.

use std::time::SystemTime;

use chart::BookKind;
use money::time::unix_ms;
use uuid::Uuid;

use super::{Purchases, Redeem};
use crate::domain::refusal::ReceiptRefusal;
use crate::domain::{self, Purchase, PurchaseState, SoldAs, Transaction};
use crate::error::Error;
use crate::price_lists::BookPrices;
use crate::sheets::{PriceQuote, Wanted};
use crate::store::tokens::{self, PendingSale};
use crate::store::wallet::{self, TokenStanding};
use crate::store::{consents, outbox, purchases};
use crate::stores::apple::claims;
use crate::stores::receipt::RefusedReceipt;
use crate::stores::{NotVerified, StoreReceipt, Unavailable, VerifiedSale};

/// Why no purchase was kept.
#[derive(Debug)]
pub(crate) enum NotKept {
    /// The receipt credits nobody.
    Refused(RefusedReceipt),
    /// Its buyer has not paid yet: it is recorded, and credited once that has happened.
    Pending,
    /// The store could not be asked.
    Later(Unavailable),
}

impl From<NotVerified> for NotKept {
    fn from(not: NotVerified) -> Self {
        match not {
            NotVerified::Refused(refused) => Self::Refused(refused),
            NotVerified::Pending => Self::Pending,
            NotVerified::Later(unavailable) => Self::Later(unavailable),
        }
    }
}

impl Purchases {
    /// Verifies the receipt and keeps its purchase, whoever submitted it: the first of one receipt, or the one that is there.
    pub(crate) async fn record(&self, redeem: &Redeem, kind: BookKind, now: SystemTime) -> Result<Result<Purchase, NotKept>, Error> {
        if let Some(first) = self.of_token(redeem).await? {
            return Ok(Ok(first));
        }
        match self.stores.of(redeem.receipt.store()).verify(&redeem.receipt, &redeem.book, kind).await {
            Ok(sale) => self.record_sale(redeem, &sale, now).await.map(|kept| kept.map_err(NotKept::Refused)),
            Err(NotVerified::Pending) => self.record_pending(redeem, now).await,
            Err(not) => Ok(Err(not.into())),
        }
    }

    /// Keeps the purchase of a sale that was verified for the redeeming user.
    pub(crate) async fn record_sale(
        &self,
        redeem: &Redeem,
        sale: &VerifiedSale,
        now: SystemTime,
    ) -> Result<Result<Purchase, RefusedReceipt>, Error> {
        // In a LIVE book the operator decides what a package is worth. A receipt that was paid for must not be refused for good because of a list that
        // nobody chose.
        let prices = self.prices(&redeem.book).await?;
        if !prices.is_decided() {
            return Err(Error::ListBuiltIn);
        }
        match self.judge(redeem, &prices, &sale.transaction, now) {
            Ok(new) => self.keep(redeem, &new, sale, now).await,
            Err(refused) => Ok(Err(refused)),
        }
    }

    /// The user's own purchase under this token: the store need not be asked again, nor be there.
    async fn of_token(&self, redeem: &Redeem) -> Result<Option<Purchase>, Error> {
        let StoreReceipt::Google(receipt) = &redeem.receipt else { return Ok(None) };
        let mut connection = self.store.pool.acquire().await.map_err(crate::store::Error::from)?;
        let found = tokens::purchase_of(&mut connection, &redeem.receipt, &receipt.package_name).await?;
        drop(connection);
        let Some((book, purchase_id)) = found.filter(|(book, _)| book == redeem.book.as_str()) else { return Ok(None) };
        tracing::debug!(book, %purchase_id, "a token is redeemed again");
        Ok(self.store.purchase(&redeem.book, purchase_id).await?.filter(|first| first.user == redeem.user))
    }

    /// Writes down a sale whose buyer has not paid yet, for the user who submitted it.
    async fn record_pending(&self, redeem: &Redeem, now: SystemTime) -> Result<Result<Purchase, NotKept>, Error> {
        let StoreReceipt::Google(receipt) = &redeem.receipt else { return Ok(Err(NotKept::Pending)) };
        let sale = PendingSale {
            bundle_id: receipt.package_name.clone(),
            book: redeem.book.clone(),
            user: redeem.user.clone(),
            product_id: receipt.product_id.clone(),
            receipt: redeem.receipt.clone(),
            tries: 0,
        };
        self.store.keep_pending(&sale, unix_ms(now), unix_ms(now).saturating_add(self.sweep_after_ms)).await?;
        Ok(Err(NotKept::Pending))
    }

    /// What the sale is worth by the price list. No I/O.
    fn judge(&self, redeem: &Redeem, prices: &BookPrices, transaction: &Transaction, now: SystemTime) -> Result<Purchase, RefusedReceipt> {
        let unknown = || {
            RefusedReceipt::new(ReceiptRefusal::ProductUnknown, format!("no coin package has the product id {}", transaction.product_id))
        };
        // Web packages are never sold by the store: a receipt for one would be a mistake in the price list.
        let (currency, at_ms) = (transaction.price.map(|(_, currency)| currency), transaction.purchased_at_ms);
        let channel = transaction.store.price_channel();
        let wanted = Wanted { book: &redeem.book, channel, product_id: &transaction.product_id, currency, at_ms };
        let PriceQuote { package, bonus, entity } = prices.quote(wanted).ok_or_else(unknown)?;
        let rates = prices.rates(&package.market, channel, at_ms, self.rates);
        let value =
            domain::value(transaction, &package, rates).map_err(|error| RefusedReceipt::new(ReceiptRefusal::Amount, error.to_string()))?;
        let stated_price = domain::stated_price(transaction, &package).unwrap_or_default();
        if !self.credit_other_prices && !stated_price.is_empty() {
            let message = format!("the receipt states the price {stated_price}, and the price list says {}", package.price);
            return Err(RefusedReceipt::new(ReceiptRefusal::Price, message));
        }
        let times = i64::from(transaction.quantity);
        let bonus = bonus.checked_mul(times).ok_or_else(|| RefusedReceipt::new(ReceiptRefusal::Amount, domain::OutOfRange.to_string()))?;
        Ok(Purchase {
            book: redeem.book.clone(),
            purchase_id: Uuid::now_v7(),
            user: redeem.user.clone(),
            request_id: redeem.request_id.uuid(),
            state: PurchaseState::Verified,
            store: transaction.store,
            environment: transaction.environment.clone(),
            bundle_id: transaction.bundle_id.clone(),
            transaction_id: transaction.transaction_id.clone(),
            product_id: transaction.product_id.clone(),
            quantity: transaction.quantity,
            value,
            purchased_at_ms: transaction.purchased_at_ms,
            created_at_ms: unix_ms(now),
            attempt: 0,
            attempt_at_ms: 0,
            tries: 0,
            blocked_by: String::new(),
            waits_since_ms: 0,
            stated_price,
            sold: SoldAs { market: package.market, entity, bonus },
        })
    }

    /// Keeps the purchase, or finds an earlier one with the same receipt. With it go the token that names it at the store, and what the store must be told.
    async fn keep(
        &self,
        redeem: &Redeem,
        new: &Purchase,
        sale: &VerifiedSale,
        now: SystemTime,
    ) -> Result<Result<Purchase, RefusedReceipt>, Error> {
        let transaction = &sale.transaction;
        let mut tx = self.store.begin().await?;
        // Before its token is checked: an answer already given stays the same, even after the token's owner was erased.
        if let Some(first) = purchases::by_transaction(&mut tx, transaction).await?
            && (&first.book, &first.user) == (&redeem.book, &redeem.user)
        {
            return Ok(Ok(first));
        }
        if let Some(token) = transaction.app_account_token
            && let Some(refused) = refused_for_its_token(redeem, wallet::standing(&mut tx, &redeem.book, &redeem.user, token).await?)
        {
            return Ok(Err(refused));
        }
        let next_attempt_at_ms = unix_ms(now).saturating_add(self.sweep_after_ms);
        let bound = !redeem.receipt.is_token() || tokens::bind(&mut tx, new, &redeem.receipt).await?;
        if bound && purchases::insert(&mut tx, new, next_attempt_at_ms).await? {
            // Before it is counted: a parent's withdrawal may have waited for it.
            if let StoreReceipt::Apple(signed) = &redeem.receipt {
                let download = claims::app_transaction(signed);
                if !download.is_empty() {
                    consents::remember_download(&mut tx, new, &download).await?;
                }
            }
            self.count_purchase(&mut tx, new, now).await?;
            if let Some(deadline_ms) = sale.acknowledge_by_ms {
                outbox::insert(&mut tx, new, &redeem.receipt, deadline_ms).await?;
            }
            tx.commit().await.map_err(crate::store::Error::from)?;
            if !new.stated_price.is_empty() {
                let (purchase_id, stated_price) = (new.purchase_id, new.stated_price.as_str());
                tracing::warn!(%purchase_id, stated_price, "a receipt states another price than the price list, whose price is booked");
            }
            return Ok(Ok(new.clone()));
        }
        tx.rollback().await.map_err(crate::store::Error::from)?;
        let first = self.first_of(redeem, transaction).await?;
        if first.book == redeem.book && first.user == redeem.user {
            return Ok(Ok(first));
        }
        Ok(Err(RefusedReceipt::new(ReceiptRefusal::AlreadyRedeemed, "the receipt was redeemed before")))
    }

    /// The purchase that was first with a receipt: by its transaction, or by its token where the store named another order then.
    async fn first_of(&self, redeem: &Redeem, transaction: &Transaction) -> Result<Purchase, Error> {
        let missing = || Error::from(crate::store::Error::Database(sqlx::Error::RowNotFound));
        let mut connection = self.store.pool.acquire().await.map_err(crate::store::Error::from)?;
        if let Some(first) = purchases::by_transaction(&mut connection, transaction).await? {
            return Ok(first);
        }
        let found = tokens::purchase_of(&mut connection, &redeem.receipt, &transaction.bundle_id).await?;
        drop(connection);
        let (book, purchase_id) = found.ok_or_else(missing)?;
        let book = money::BookName::try_new(&book).map_err(|_| missing())?;
        self.store.purchase(&book, purchase_id).await?.ok_or_else(missing)
    }
}

/// Why a receipt with a token does not belong to this user, if it doesn't.
fn refused_for_its_token(redeem: &Redeem, standing: TokenStanding) -> Option<RefusedReceipt> {
    match standing {
        TokenStanding::Theirs => None,
        // Staff decide who owns a receipt without an owner; they see the buyer's mail, and their action is recorded.
        TokenStanding::Erased | TokenStanding::Unknown if redeem.by_staff => None,
        TokenStanding::Erased => Some(RefusedReceipt::new(
            ReceiptRefusal::ErasedAccount,
            "the account that the receipt was bought for was erased since; nobody was credited, and support can redeem it for the buyer",
        )),
        TokenStanding::Others | TokenStanding::Unknown => {
            Some(RefusedReceipt::new(ReceiptRefusal::OtherAccount, "the receipt was bought for another account"))
        }
    }
}
