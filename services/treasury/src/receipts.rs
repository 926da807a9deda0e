//! The use cases of money that comes: what is announced, and what the bank booked.
use crate::{
    domain::{
        LeafState,
        bank::{BankItem, ItemClosing, ItemReferences},
        receipt::{self, Announced, BankReceipt, Expected, Incoming, Unbookable},
    },
    error::Error,
    postings,
    treasury::Treasury,
};
use iso20022::camt053::Direction;
use ledger_client::is_final;
use money::time;
use reconciliation::{BooksState, ItemKind};

impl Treasury {
    /// Announces a receipt; true: it had been announced by an earlier call.
    pub async fn expect_receipt(&self, announced: Announced, by: &str) -> Result<(Expected, bool), Error> {
        let (book, structure) = (self.book.as_str(), self.structure(None).await?);
        let leaf = announced.leaf.clone();
        let found = structure.nodes.get(&leaf).and_then(|node| node.leaf()).zip(structure.root(&leaf));
        let Some((state, root)) = found.map(|(node, root)| (node.state, root)) else { return Err(Error::LeafUnknown { leaf }) };
        let wanted = Expected::of(announced, root.currency);
        if let Some(before) = self.store.expected(book, &wanted.expected_id).await? {
            return repeated(before, &wanted);
        }
        if state == LeafState::Closed {
            return Err(Error::LeafClosed { leaf });
        }
        if self.store.expect_receipt(book, &wanted, time::unix_ms((self.clock)()), by).await? {
            return Ok((wanted, false));
        }
        let before = self.store.expected(book, &wanted.expected_id).await?.ok_or(Error::ExpectedReceiptExists)?;
        repeated(before, &wanted)
    }

    /// What is announced for a leaf and has not come, the one that ends first at the front: for whoever matches a bank's entries.
    pub async fn open_expected(&self, leaf: &str) -> Result<Vec<Expected>, Error> {
        Ok(self.store.open_expected(self.book.as_str(), leaf).await?)
    }

    /// Books what came on its leaf; true: an earlier call had booked it.
    pub async fn record_receipt(&self, incoming: Incoming) -> Result<(BankReceipt, bool), Error> {
        let (book, id) = (self.book.as_str(), incoming.receipt_id);
        let mut decided = self.store.receipt(book, id).await?;
        if decided.is_none() {
            let (structure, old) = (self.structure(None).await?, self.store.old_accounts(book).await?);
            let new = receipt::allocate(&structure, &old, &incoming).map_err(|why| match why {
                Unbookable::Account => Error::ReceivingAccountUnknown { account: incoming.account.clone() },
                Unbookable::Currency(currency) => Error::CurrencyUnsupported { currency: currency.code().to_owned() },
            })?;
            let new = BankReceipt { decided_at_ms: time::unix_ms((self.clock)()), ..new };
            let is_new = self.store.decide_receipt(book, &new).await?;
            decided = if is_new { Some(new) } else { self.store.receipt(book, id).await? };
        }
        // Removed meanwhile by another call, whose posting was refused: as this one's would be.
        let Some(row) = decided else { return Err(Error::ReceiptReused(Vec::new())) };
        let differing = row.differs_from(&incoming);
        if !differing.is_empty() {
            return Err(Error::ReceiptReused(differing));
        }
        if row.is_booked {
            self.announce_booked(&row).await?;
            return Ok((row, true));
        }
        self.book_receipt(&row).await?;
        Ok((self.store.receipt(book, id).await?.unwrap_or(row), false))
    }

    /// Posts a receipt that is decided, and announces it. One that the ledger refused for good is forgotten.
    pub(crate) async fn book_receipt(&self, row: &BankReceipt) -> Result<(), Error> {
        let book = self.book.as_str();
        if let Err(not_posted) = self.ledger.post(&self.book, postings::receipt(&self.book, row)).await {
            if is_final(&not_posted, row.planned_at_ms(), time::unix_ms((self.clock)())) {
                self.store.forget_receipt(book, row.receipt_id).await?;
            }
            return Err(not_posted.into());
        }
        let announced = self.store.open_expected(book, &row.leaf).await?;
        let fitting = announced.iter().find(|expected| expected.fits(row)).map_or("", |expected| &expected.expected_id);
        self.store.booked_receipt(book, row, fitting).await?;
        self.announce_booked(row).await
    }

    /// Tells reconciliation of a receipt that is in the books, so that the statement's entry of it is not booked as unknown money once more. A retry does so
    /// again, for a call that ended before.
    async fn announce_booked(&self, row: &BankReceipt) -> Result<(), Error> {
        let payment_ids = if row.bank_reference.is_empty() { Vec::new() } else { vec![row.bank_reference.clone()] };
        let item = BankItem {
            key: format!("receipt/{}", row.receipt_id.hyphenated()),
            account: row.account.clone(),
            direction: Direction::Credit,
            amounts: (row.amount.minor_units(), row.amount.minor_units()),
            kind: ItemKind::Receipt,
            state: Some(BooksState::Settled),
            references: ItemReferences { payment_ids, ..ItemReferences::default() },
            days: [Some(row.value_date); 3],
            returned_in_books: 0,
            closing: ItemClosing::default(),
        };
        Ok(self.store.expect(self.book.as_str(), &[item], (self.clock)()).await?)
    }
}

fn repeated(before: Expected, wanted: &Expected) -> Result<(Expected, bool), Error> {
    let same = Expected { receipt_id: String::new(), ..before.clone() } == *wanted;
    if same { Ok((before, true)) } else { Err(Error::ExpectedReceiptExists) }
}
