/**
 * A client of Largesse: buys coins, sends gifts one by one and on a stream, pays out what they brought, and decodes what is refused.
 *
 * Its modules are generated as README.md says under "Clients in other languages". It runs against a sandbox, whose tokens `largesse token` prints, and
 * prints one JSON object with all it was answered. `../python/client.py` does the same.
 */
import { randomBytes } from "node:crypto";
import { create, type DescMessage, type MessageInitShape, type MessageShape } from "@bufbuild/protobuf";
import { anyUnpack } from "@bufbuild/protobuf/wkt";
import { type Client, ConnectError, createClient, type Interceptor } from "@connectrpc/connect";
import { createWritableIterable } from "@connectrpc/connect/protocol";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema } from "./gen/google/rpc/error_details_pb.js";
import { EarningsService } from "./gen/largesse/earnings/v1/earnings_pb.js";
import {
  GiftService,
  SendGiftRequestSchema,
  type SendGiftResponse,
  SendGiftsRequestSchema,
  type SendGiftsResponse,
} from "./gen/largesse/gift/v1/gift_pb.js";
import { PayoutService, PayoutStateSchema } from "./gen/largesse/payout/v1/payout_pb.js";
import { PurchaseService, PurchaseStateSchema } from "./gen/largesse/purchase/v1/purchase_pb.js";

const { VIEWER_TOKEN, CREATOR_TOKEN, LARGESSE_ADDRESS = "127.0.0.1:7070", LARGESSE_STORE = "http://127.0.0.1:7073", CREATOR_ID = "bob" } = process.env;
const DOUGHNUT = 5879n;
// A call without a deadline may wait forever.
const DEADLINE_MS = 20_000;

/** A version 7 UUID: 48 bits of the time in milliseconds, then random ones. A retry of a request takes the id of the first attempt. */
function newId(): string {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(Date.now(), 0, 6);
  bytes[6] = 0x70 | (bytes[6]! & 0x0f);
  bytes[8] = 0x80 | (bytes[8]! & 0x3f);
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

/** A connection on which every call is made as the token's user. */
function transportAs(token: string | undefined) {
  const authorise: Interceptor = (next) => (request) => {
    request.header.set("authorization", `Bearer ${token}`);
    return next(request);
  };
  return createGrpcTransport({ baseUrl: `http://${LARGESSE_ADDRESS}`, interceptors: [authorise], defaultTimeoutMs: DEADLINE_MS });
}

/** The name of an enum's value, as it stands in the contract. */
const named = (schema: { value: Record<number, { name: string }> }, value: number) => schema.value[value]?.name;

/** The parts of a refusal that programs decide by, and what people read. `find` unpacks its details of one kind. */
function refusal(code: number, message: string, find: <D extends DescMessage>(schema: D) => MessageShape<D>[]) {
  const [info] = find(ErrorInfoSchema);
  const [request] = find(BadRequestSchema);
  const [retry] = find(RetryInfoSchema);
  const wait = retry?.retryDelay;
  return {
    code,
    message,
    ...(info && { reason: info.reason, domain: info.domain, facts: info.metadata }),
    ...(request && { violations: request.fieldViolations.map(({ field, description }) => [field, description]) }),
    ...(wait && { retry_after_ms: Number(wait.seconds) * 1000 + wait.nanos / 1_000_000 }),
  };
}

/** Makes a call that is expected to be refused; null if it is not. */
async function refused(call: () => Promise<unknown>) {
  try {
    await call();
  } catch (error) {
    const whole = ConnectError.from(error);
    return refusal(whole.code, whole.rawMessage, (schema) => whole.findDetails(schema));
  }
  return null;
}

/** Buys the package of 350 coins in the pretend store, and redeems the receipt. */
async function buy(purchases: Client<typeof PurchaseService>) {
  const wallet = await purchases.getWallet({});
  const order = {
    bundle_id: "sandbox.largesse.demo",
    product_id: "coins.us.app.350",
    app_account_token: wallet.appAccountToken,
    price: 4990,
    currency: "USD",
  };
  const headers = { "content-type": "application/json" };
  const sale = await fetch(`${LARGESSE_STORE}/apple/purchases`, { method: "POST", headers, body: JSON.stringify(order) });
  const { signedTransaction } = (await sale.json()) as { signedTransaction: string };
  const redeemed = await purchases.redeemPurchase({
    requestId: newId(),
    receipt: { case: "appleSignedTransaction", value: signedTransaction },
  });
  const { state, price } = redeemed.purchase!;
  return {
    coins_before: Number(wallet.coinBalance),
    coins: Number(redeemed.coinBalance),
    state: named(PurchaseStateSchema, state),
    price: [price!.currencyCode, Number(price!.minorUnits)],
    replayed: redeemed.replayed,
  };
}

/** A gift with a new id, unless `fields` says otherwise. */
function gift(fields: MessageInitShape<typeof SendGiftRequestSchema>) {
  const whole = { requestId: newId(), roomId: "r1", creatorId: CREATOR_ID, giftId: DOUGHNUT };
  return create(SendGiftRequestSchema, { ...whole, ...fields });
}

/** What a gift cost and brought. */
function accepted(response: SendGiftResponse) {
  return {
    posting_id: response.postingId,
    cost_coins: Number(response.costCoins),
    diamonds: Number(response.diamonds),
    coins: response.coinBalance === undefined ? null : Number(response.coinBalance),
    replayed: response.replayed,
  };
}

/** Sends a gift, retries it, and makes two mistakes: an id for two different gifts, and a request with nothing in it. */
async function send(gifts: Client<typeof GiftService>) {
  const first = gift({});
  return {
    sent: accepted(await gifts.sendGift(first)),
    retried: accepted(await gifts.sendGift(first)),
    id_reused: await refused(() => gifts.sendGift(gift({ requestId: first.requestId, quantity: 2 }))),
    empty: await refused(() => gifts.sendGift({})),
  };
}

/** The requests of a stream that sends none. */
async function* none(): AsyncGenerator<MessageInitShape<typeof SendGiftsRequestSchema>> {}

/** Sends a gift that can be paid on a stream, and one that can't. A second stream meanwhile is refused where a user may have only one. */
async function stream(gifts: Client<typeof GiftService>) {
  const requests = createWritableIterable<MessageInitShape<typeof SendGiftsRequestSchema>>();
  const answers = gifts.sendGifts(requests)[Symbol.asyncIterator]();
  const seen: object[] = [];
  let second: object | null = null;
  for (const quantity of [10, 1]) {
    const request = gift({ quantity });
    void requests.write({ gift: request });
    const { requestId, outcome }: SendGiftsResponse = (await answers.next()).value;
    const own_id = requestId === request.requestId;
    if (outcome.case === "accepted") {
      seen.push({ own_id, accepted: accepted(outcome.value) });
    } else if (outcome.case === "refused") {
      const { code, message, details } = outcome.value;
      seen.push({ own_id, refused: refusal(code, message, (schema) => details.flatMap((detail) => anyUnpack(detail, schema) ?? [])) });
    }
    if (seen.length === 1) {
      second = await refused(() => gifts.sendGifts(none())[Symbol.asyncIterator]().next());
    }
  }
  requests.close();
  let after_the_end = 0;
  while (!(await answers.next()).done) after_the_end++;
  return { answers: seen, after_the_end, second_stream: second };
}

/** Converts the creator's diamonds into dollars, has them paid to an account of the pretend bank, and watches until they are there. */
async function payOut(earnings: Client<typeof EarningsService>, payouts: Client<typeof PayoutService>) {
  const { maturedDiamonds: diamonds } = await earnings.getEarnings({});
  const { quote } = await earnings.createQuote({ requestId: newId(), diamonds, currencyCode: "USD" });
  await earnings.acceptQuote({ requestId: newId(), quoteId: quote!.quoteId });
  const { beneficiary } = await payouts.createBeneficiary({
    requestId: newId(),
    holderName: "Bob Example",
    account: { case: "aba", value: { routingNumber: "021000021", accountNumber: "9000000001" } },
  });
  const requested = await payouts.requestPayout({ requestId: newId(), beneficiaryId: beneficiary!.beneficiaryId, amount: quote!.net! });
  let payout = requested.payout!;
  // The stream ends by itself when the payout is final.
  for await (const change of payouts.watchPayout({ payoutId: payout.payoutId })) {
    payout = change.payout!;
  }
  return {
    diamonds: Number(diamonds),
    amount: [payout.amount!.currencyCode, Number(payout.amount!.minorUnits)],
    account: beneficiary!.maskedAccount,
    state: named(PayoutStateSchema, payout.state),
    steps: payout.steps.map((step) => named(PayoutStateSchema, step.state)),
  };
}

const [viewer, creator] = [transportAs(VIEWER_TOKEN), transportAs(CREATOR_TOKEN)];
const gifts = createClient(GiftService, viewer);
const catalogue = (await gifts.listGifts({})).gifts;
const doughnut = catalogue.find((listed) => listed.giftId === DOUGHNUT)!;
const seen = {
  gifts: catalogue.length,
  doughnut: [doughnut.name, Number(doughnut.costCoins), doughnut.streakable],
  purchase: await buy(createClient(PurchaseService, viewer)),
  gift: await send(gifts),
  stream: await stream(gifts),
  payout: await payOut(createClient(EarningsService, creator), createClient(PayoutService, creator)),
};
console.log(JSON.stringify(seen));
