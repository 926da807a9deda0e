//! WeChat Pay's bill of a day: a table whose cells begin with backticks, and sums. The format is general knowledge.

use crate::{
    report::{decimal, gzip, gzip_bomb},
    wallet::{
        bills::{BilledTrade, OrderedBill},
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
