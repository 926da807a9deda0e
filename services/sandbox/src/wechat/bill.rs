//! WeChat Pay's bill of a day: a table whose cells begin with backticks, and sums. The format is general knowledge.

use crate::{
    report::{decimal, gzip, gzip_bomb},
    wallet::{
        bills::{BilledTrade, OrderedBill, Withdrawal},
        refund::RefundState,
    },
};
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};

const HEADER: &str = "\u{feff}交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,\
微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注";
const TOTALS: &str = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额";

fn line(cells: &[&str]) -> String {
    format!("`{}\r\n", cells.join(",`"))
}

fn row(bill: &OrderedBill, billed: &BilledTrade) -> String {
    let trade = &billed.trade;
    let seller = if bill.fault == "another_seller" { "1999999999" } else { &trade.seller };
    let at = bill.stated_time(billed.at_ms());
    let amount = decimal(billed.fen() + i64::from(bill.fault == "altered"));
    let (sold, refunded, state) =
        if billed.refund.is_some() { ("0.00", amount.as_str(), "REFUND") } else { (amount.as_str(), "0.00", "SUCCESS") };
    let (number, id) = billed.refund.as_ref().map_or(("0", "0"), |refund| (&refund.number, &refund.id));
    let (kind, refund_state) = match billed.refund.as_ref().map(|refund| refund.state) {
        None => ("", ""),
        Some(_) if bill.fault == "on_their_way" => ("ORIGINAL", "PROCESSING"),
        Some(RefundState::Succeeded) => ("ORIGINAL", "SUCCESS"),
        Some(RefundState::Pending) => ("ORIGINAL", "PROCESSING"),
        Some(RefundState::Closed) => ("ORIGINAL", "FAIL"),
        Some(RefundState::Abnormal) => ("ORIGINAL", "CHANGE"),
    };
    let fee = format!("{}000", decimal(billed.fee_fen()));
    line(&[
        &at,
        &trade.app,
        seller,
        "0",
        "",
        &trade.number,
        &trade.id,
        "oTESTopenid0000000000000001",
        super::trade_type(trade),
        state,
        "OTHERS",
        &trade.currency,
        sold,
        "0.00",
        number,
        id,
        refunded,
        "0.00",
        kind,
        refund_state,
        &trade.subject,
        "",
        &fee,
        "0.60%",
        sold,
        refunded,
        "",
    ])
}

/// A day's bill, before it is packed.
pub fn bill(bill: &OrderedBill, billed: &[BilledTrade]) -> Vec<u8> {
    let rows: String = billed.iter().map(|billed| row(bill, billed)).collect();
    let sum = |is_refund: bool| {
        let of = billed.iter().filter(|billed| billed.refund.is_some() == is_refund);
        decimal(of.map(BilledTrade::fen).sum())
    };
    let (sold, refunded) = (sum(false), sum(true));
    let fees = format!("{}000", decimal(billed.iter().map(BilledTrade::fee_fen).sum()));
    let totals = line(&[&billed.len().to_string(), &sold, &refunded, "0.00", &fees, &sold, &refunded]);
    bill.with_fault(format!("{HEADER}\r\n{rows}{TOTALS}\r\n{totals}").into_bytes())
}

/// The same as it is downloaded.
pub fn packed(bill: &OrderedBill, bytes: &[u8]) -> Vec<u8> {
    if bill.fault == "bomb" { gzip_bomb() } else { gzip(bytes) }
}

/// The hash of a bill, in hexadecimal digits.
pub fn hash(bill: &OrderedBill, bytes: &[u8]) -> String {
    let hashed: &[u8] = if bill.fault == "wrong_hash" { b"another" } else { bytes };
    digest(&SHA1_FOR_LEGACY_USE_ONLY, hashed).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

const FUNDS_HEADER: &str = "\u{feff}记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),账户结余(元),资金变更提交申请人,备注,业务凭证号";
const FUNDS_TOTALS: &str = "资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额";

/// Something that moved on the account.
struct Flow {
    at: String,
    business: String,
    names: (&'static str, &'static str),
    /// In hundredths; less than zero: it went.
    fen: i64,
    ours: String,
}

/// The fund flow bill of a day, before it is packed: what was paid and paid back with the fees of it, and what was withdrawn to the bank. The format is that of
/// pay.weixin.qq.com, "Fund flow bill".
pub fn fund_flow(bill: &OrderedBill, billed: &[BilledTrade], withdrawals: &[Withdrawal]) -> Vec<u8> {
    let mut flows = Vec::new();
    for one in billed {
        let is_refund = one.refund.is_some();
        let (at, business) =
            (bill.stated_time(one.at_ms()), one.refund.as_ref().map_or(&one.trade.number, |refund| &refund.number).clone());
        let ours = one.refund.as_ref().map_or(&one.trade.id, |refund| &refund.id).clone();
        // One that is on its way moves nothing yet.
        if one.refund.as_ref().is_some_and(|refund| refund.state != RefundState::Succeeded) {
            continue;
        }
        let (names, fees) = if is_refund {
            (("退款", "退款"), ("退款", "退还交易手续费"))
        } else {
            (("交易", "交易"), ("交易", "扣除交易手续费"))
        };
        let fen = if is_refund { -one.fen() } else { one.fen() };
        flows.push(Flow { at: at.clone(), business: business.clone(), names, fen, ours: ours.clone() });
        flows.push(Flow { at, business, names: fees, fen: -one.fee_fen(), ours });
    }
    for withdrawal in withdrawals {
        let (at, business) = (bill.stated_time(withdrawal.at_ms), withdrawal.id.clone());
        flows.push(Flow { at, business, names: ("充值/提现", "提现"), fen: -withdrawal.fen, ours: withdrawal.id.clone() });
    }
    let (mut rows, mut balance) = (String::new(), 0);
    for (place, flow) in flows.iter().enumerate() {
        balance += flow.fen;
        let way = if flow.fen < 0 { "支出" } else { "收入" };
        let amount = decimal(flow.fen.abs() + i64::from(bill.fault == "funds_altered"));
        let number = format!("f{place}");
        rows += &line(&[
            &flow.at,
            &flow.business,
            &number,
            flow.names.0,
            flow.names.1,
            way,
            &amount,
            &decimal(balance),
            "system",
            "",
            &flow.ours,
        ]);
    }
    let of = |goes: bool| flows.iter().filter(move |flow| (flow.fen < 0) == goes);
    let sum = |goes: bool| decimal(of(goes).map(|flow| flow.fen.abs()).sum());
    let count = |goes: bool| format!("{}.0", of(goes).count());
    let totals = line(&[&format!("{}.0", flows.len()), &count(false), &sum(false), &count(true), &sum(true)]);
    bill.with_fault(format!("{FUNDS_HEADER}\r\n{rows}{FUNDS_TOTALS}\r\n{totals}").into_bytes())
}
