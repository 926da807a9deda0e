"""A client of Largesse: buys coins, sends gifts one by one and on a stream, pays out what they brought, and decodes what is refused.

Its modules are generated as README.md says under "Clients in other languages". It runs against a sandbox, whose tokens `largesse token` prints, and prints
one JSON object with all it was answered. `../typescript/client.ts` does the same.
"""

import json
import os
import queue
import time
import urllib.request
import uuid

import grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from largesse.earnings.v1 import earnings_pb2, earnings_pb2_grpc
from largesse.gift.v1 import gift_pb2, gift_pb2_grpc
from largesse.payout.v1 import payout_pb2, payout_pb2_grpc
from largesse.purchase.v1 import purchase_pb2, purchase_pb2_grpc

ADDRESS = os.environ.get("LARGESSE_ADDRESS", "127.0.0.1:7070")
STORE = os.environ.get("LARGESSE_STORE", "http://127.0.0.1:7073")
VIEWER = [("authorization", f"Bearer {os.environ['VIEWER_TOKEN']}")]
CREATOR = [("authorization", f"Bearer {os.environ['CREATOR_TOKEN']}")]
CREATOR_ID = os.environ.get("CREATOR_ID", "bob")
DOUGHNUT = 5879
# A call without a deadline may wait forever.
DEADLINE_S = 20


def new_id():
    """A version 7 UUID: 48 bits of the time in milliseconds, then random ones. A retry of a request takes the id of the first attempt."""
    random = uuid.uuid4().int & ~(0xFFFF_FFFF_FFFF_F000 << 64)
    return str(uuid.UUID(int=((time.time_ns() // 1_000_000) << 80) | (7 << 76) | random))


def refusal(status):
    """The parts of a google.rpc.Status that programs decide by, and what people read."""
    shown = {"code": status.code, "message": status.message}
    for detail in status.details:
        info, request, retry = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest(), error_details_pb2.RetryInfo()
        if detail.Unpack(info):
            shown |= {"reason": info.reason, "domain": info.domain, "facts": dict(info.metadata)}
        elif detail.Unpack(request):
            shown["violations"] = [[violation.field, violation.description] for violation in request.field_violations]
        elif detail.Unpack(retry):
            shown["retry_after_ms"] = retry.retry_delay.ToMilliseconds()
    return shown


def refused(call):
    """Makes a call that is expected to be refused; None if it is not."""
    try:
        call()
    except grpc.RpcError as error:
        return refusal(rpc_status.from_call(error))
    return None


def buy(purchases):
    """Buys the package of 350 coins in the pretend store, and redeems the receipt."""
    wallet = purchases.GetWallet(purchase_pb2.GetWalletRequest(), metadata=VIEWER, timeout=DEADLINE_S)
    order = {
        "bundle_id": "sandbox.largesse.demo",
        "product_id": "coins.us.app.350",
        "app_account_token": wallet.app_account_token,
        "price": 4990,
        "currency": "USD",
    }
    sale = urllib.request.Request(f"{STORE}/apple/purchases", json.dumps(order).encode(), {"content-type": "application/json"})
    with urllib.request.urlopen(sale, timeout=DEADLINE_S) as answer:
        receipt = json.load(answer)["signedTransaction"]
    request = purchase_pb2.RedeemPurchaseRequest(request_id=new_id(), apple_signed_transaction=receipt)
    redeemed = purchases.RedeemPurchase(request, metadata=VIEWER, timeout=DEADLINE_S)
    return {
        "coins_before": wallet.coin_balance,
        "coins": redeemed.coin_balance,
        "state": purchase_pb2.PurchaseState.Name(redeemed.purchase.state),
        "price": [redeemed.purchase.price.currency_code, redeemed.purchase.price.minor_units],
        "replayed": redeemed.replayed,
    }


def gift(**fields):
    """A gift with a new id, unless `fields` says otherwise."""
    return gift_pb2.SendGiftRequest(**{"request_id": new_id(), "room_id": "r1", "creator_id": CREATOR_ID, "gift_id": DOUGHNUT} | fields)


def accepted(response):
    """What a gift cost and brought."""
    return {
        "posting_id": response.posting_id,
        "cost_coins": response.cost_coins,
        "diamonds": response.diamonds,
        "coins": response.coin_balance if response.HasField("coin_balance") else None,
        "replayed": response.replayed,
    }


def send(gifts):
    """Sends a gift, retries it, and makes two mistakes: an id for two different gifts, and a request with nothing in it."""

    def unary(request):
        """One call of SendGift."""
        return gifts.SendGift(request, metadata=VIEWER, timeout=DEADLINE_S)

    first = gift()
    return {
        "sent": accepted(unary(first)),
        "retried": accepted(unary(first)),
        "id_reused": refused(lambda: unary(gift(request_id=first.request_id, quantity=2))),
        "empty": refused(lambda: unary(gift_pb2.SendGiftRequest())),
    }


def stream(gifts):
    """Sends a gift that can be paid on a stream, and one that can't. A second stream meanwhile is refused where a user may have only one."""
    requests = queue.SimpleQueue()
    answers = gifts.SendGifts(iter(requests.get, None), metadata=VIEWER, timeout=DEADLINE_S)
    seen = []
    for quantity in (10, 1):
        request = gift(quantity=quantity)
        requests.put(gift_pb2.SendGiftsRequest(gift=request))
        answer = next(answers)
        decode = {"accepted": accepted, "refused": refusal}[answer.WhichOneof("outcome")]
        seen.append({
            "own_id": answer.request_id == request.request_id,
            answer.WhichOneof("outcome"): decode(getattr(answer, answer.WhichOneof("outcome"))),
        })
        if len(seen) == 1:
            second = refused(lambda: list(gifts.SendGifts(iter([]), metadata=VIEWER, timeout=DEADLINE_S)))
    requests.put(None)
    return {"answers": seen, "after_the_end": len(list(answers)), "second_stream": second}


def pay_out(earnings, payouts):
    """Converts the creator's diamonds into dollars, has them paid to an account of the pretend bank, and watches until they are there."""
    call = {"metadata": CREATOR, "timeout": DEADLINE_S}
    diamonds = earnings.GetEarnings(earnings_pb2.GetEarningsRequest(), **call).matured_diamonds
    ask = earnings_pb2.CreateQuoteRequest(request_id=new_id(), diamonds=diamonds, currency_code="USD")
    quote = earnings.CreateQuote(ask, **call).quote
    earnings.AcceptQuote(earnings_pb2.AcceptQuoteRequest(request_id=new_id(), quote_id=quote.quote_id), **call)
    account = payout_pb2.AbaAccount(routing_number="021000021", account_number="9000000001")
    ask = payout_pb2.CreateBeneficiaryRequest(request_id=new_id(), holder_name="Bob Example", aba=account)
    beneficiary = payouts.CreateBeneficiary(ask, **call).beneficiary
    ask = payout_pb2.RequestPayoutRequest(request_id=new_id(), beneficiary_id=beneficiary.beneficiary_id, amount=quote.net)
    payout = payouts.RequestPayout(ask, **call).payout
    # The stream ends by itself when the payout is final.
    for change in payouts.WatchPayout(payout_pb2.WatchPayoutRequest(payout_id=payout.payout_id), **call):
        payout = change.payout
    return {
        "diamonds": diamonds,
        "amount": [payout.amount.currency_code, payout.amount.minor_units],
        "account": beneficiary.masked_account,
        "state": payout_pb2.PayoutState.Name(payout.state),
        "steps": [payout_pb2.PayoutState.Name(step.state) for step in payout.steps],
    }


def main():
    """Lists gifts, goes through all of the above, and prints it."""
    with grpc.insecure_channel(ADDRESS) as channel:
        gifts = gift_pb2_grpc.GiftServiceStub(channel)
        catalogue = gifts.ListGifts(gift_pb2.ListGiftsRequest(), metadata=VIEWER, timeout=DEADLINE_S).gifts
        doughnut = next(listed for listed in catalogue if listed.gift_id == DOUGHNUT)
        seen = {
            "gifts": len(catalogue),
            "doughnut": [doughnut.name, doughnut.cost_coins, doughnut.streakable],
            "purchase": buy(purchase_pb2_grpc.PurchaseServiceStub(channel)),
            "gift": send(gifts),
            "stream": stream(gifts),
            "payout": pay_out(earnings_pb2_grpc.EarningsServiceStub(channel), payout_pb2_grpc.PayoutServiceStub(channel)),
        }
    print(json.dumps(seen))


if __name__ == "__main__":
    main()
