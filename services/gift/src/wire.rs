//! Protobuf to domain and back: requests and answers of callers, and answers of the ledger.
use crate::catalogue::{Gift, GiftCatalogue};
use crate::domain::{CoinsAfter, GiftReceipt, Malformed, Sending, Tap};
use api::gift::{Gift as ListedGift, ListGiftsResponse, SendGiftRequest, SendGiftResponse};
use api::ledger::{PostResponse, PostedTransfer, RequestField};
use chart::Unit;
use ledger_client::BalanceSeq;
use money::{BookName, Coins, Diamonds, RequestId, UserKey};
use prost::Message;
use rpc::page::{InvalidPageSize, InvalidPageToken, PageSizes, PagedList};
use std::iter;
use tonic::Status;
use tonic_types::pb;

/// Reads a request. The sender comes from the verified caller.
pub fn sending<'a>(request: &'a SendGiftRequest, sender: &'a UserKey) -> Result<(RequestId, Sending<'a>), Vec<Malformed>> {
    let id = RequestId::parse(&request.request_id);
    let tap = request.streak.as_ref().map(|streak| Tap { group: &streak.group_id, repeat_count: streak.repeat_count, end: streak.end });
    let sending = Sending::try_new(Sending {
        sender: sender.as_str(),
        room: &request.room_id,
        creator: &request.creator_id,
        gift_id: request.gift_id,
        quantity: request.quantity,
        tap,
    });
    match (id, sending) {
        (Ok(id), Ok(sending)) => Ok((id, sending)),
        (Ok(_), Err(wrong)) => Err(wrong),
        (Err(_), sending) => {
            let id = Malformed { field: "request_id", why: "must be a UUID" };
            Err(iter::once(id).chain(sending.err().unwrap_or_default()).collect())
        }
    }
}

/// The fields a retry is compared with: exactly what the caller sent. Zero values are left out: on the wire, absent and zero are the same.
#[must_use]
pub fn fields(request: &SendGiftRequest) -> Vec<RequestField> {
    let mut fields = Vec::with_capacity(8);
    let mut add = |name: &str, value: String| {
        if !value.is_empty() {
            fields.push(RequestField { name: name.to_owned(), value });
        }
    };
    let number = |value: i64| if value == 0 { String::new() } else { value.to_string() };
    add("room_id", request.room_id.clone());
    add("creator_id", request.creator_id.clone());
    add("gift_id", number(request.gift_id));
    add("quantity", number(request.quantity.into()));
    add("user_id", request.user_id.clone());
    if let Some(streak) = &request.streak {
        add("streak.group_id", streak.group_id.clone());
        add("streak.repeat_count", number(streak.repeat_count.into()));
        add("streak.end", if streak.end { "true".to_owned() } else { String::new() });
    }
    fields
}

/// A posting that isn't one of ours.
#[derive(Debug, thiserror::Error)]
#[error("the ledger's answer is not a gift's posting: {0}")]
pub struct NotAGiftPosting(&'static str);

/// Reads the ledger's answer; an error if it isn't a posting of a gift.
pub fn receipt(response: PostResponse) -> Result<GiftReceipt, NotAGiftPosting> {
    let posting = response.posting.ok_or(NotAGiftPosting("no posting"))?;
    let mut receipt = GiftReceipt { posting_id: posting.posting_id, replayed: response.replayed, ..GiftReceipt::default() };
    for transfer in posting.transfers {
        match Unit::parse(&transfer.unit) {
            Some(Unit::Coin) => charged(&mut receipt, &transfer)?,
            Some(Unit::Diamond) => {
                receipt.diamonds = Diamonds::try_new(transfer.amount).map_err(|_| NotAGiftPosting("diamonds out of range"))?
            }
            Some(Unit::Currency(_)) | None => return Err(NotAGiftPosting("a unit that is neither coins nor diamonds")),
        }
    }
    Ok(receipt)
}

fn charged(receipt: &mut GiftReceipt, transfer: &PostedTransfer) -> Result<(), NotAGiftPosting> {
    receipt.cost = Coins::try_new(transfer.amount).map_err(|_| NotAGiftPosting("coins out of range"))?;
    let after = transfer.debit_after.as_ref().ok_or(NotAGiftPosting("no balance after it"))?;
    let coins = Coins::try_new(after.balance).map_err(|_| NotAGiftPosting("a balance out of range"))?;
    receipt.after = Some(CoinsAfter { coins, seq: BalanceSeq::new(after.balance_seq) });
    Ok(())
}

/// The response to the caller.
#[must_use]
pub fn response(receipt: GiftReceipt) -> SendGiftResponse {
    SendGiftResponse {
        posting_id: receipt.posting_id,
        cost_coins: receipt.cost.get(),
        diamonds: receipt.diamonds.get(),
        coin_balance: receipt.after.map(|after| after.coins.get()),
        balance_seq: receipt.after.map(|after| after.seq.get()),
        replayed: receipt.replayed,
    }
}

/// A status as part of a stream's item, with the details that a single call's would have.
#[must_use]
pub fn refusal(status: &Status) -> pb::Status {
    let code = i32::from(status.code());
    // tonic keeps the details as the encoded message that is needed here.
    let whole = pb::Status::decode(status.details()).ok().filter(|whole| whole.code == code);
    whole.unwrap_or_else(|| pb::Status { code, message: status.message().to_owned(), details: Vec::new() })
}

/// Gifts of one page: all of them, unless a catalogue is longer than any that we know.
const GIFT_PAGES: PageSizes = PageSizes { default: 5_000, max: 5_000 };

/// The page of the catalogue that is asked for: its list, the price and number of the gift it begins after, and its size.
pub(crate) struct GiftsPage {
    list: PagedList,
    after: Option<(i64, i64)>,
    size: usize,
}

impl GiftsPage {
    /// Reads a request's page. The position is a gift's own, so that it means the same in every version of the catalogue.
    pub(crate) fn read(book: &BookName, page_size: i32, page_token: &str) -> Result<Self, Status> {
        let size = GIFT_PAGES.read(page_size).map_err(|InvalidPageSize| rpc::malformed("page_size", "must not be negative"))?;
        let list = PagedList::new("ListGifts", book.as_str(), &[]);
        let after = list.position(page_token).map_err(|InvalidPageToken| rpc::errors::page_token())?;
        Ok(Self { list, after, size })
    }

    /// The catalogue's page as callers see it.
    pub(crate) fn listing(&self, catalogue: &GiftCatalogue) -> ListGiftsResponse {
        let place = |gift: &Gift| (gift.offer.cost.get(), gift.id);
        let beyond = catalogue.on_sale().into_iter().filter(|gift| self.after.is_none_or(|after| place(gift) > after));
        let rows = beyond.take(self.size + 1).map(|gift| (listed(gift), place(gift))).collect();
        let (gifts, next_page_token) = self.list.cut_to_fit(rows, self.size);
        ListGiftsResponse { gifts, catalogue_version: catalogue.version().to_owned(), next_page_token }
    }
}

fn listed(gift: &Gift) -> ListedGift {
    ListedGift { gift_id: gift.id, name: gift.name.clone(), cost_coins: gift.offer.cost.get(), streakable: gift.offer.streakable }
}

#[cfg(test)]
mod tests;
