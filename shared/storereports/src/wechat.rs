//! WeChat Pay's bill of a day: every value has a backtick before it, and the last two lines are sums. Amounts are in yuan. The buyer's id is not read.

use crate::bill::{BillRefund, BillRefundStanding, BillTrade, DailyBill};
use crate::line::{ReportFormat, ReportLine, ReportLineKind, StoreReport};
use crate::table::{self, NamedCells, NamedColumns, ReportTableRow, same, utf8};
use crate::{LINES_MAX, ReportFault};
use money::{Currency, Money, Rounding};
use rust_decimal::Decimal;

const TIME: &str = "交易时间";
const APP: &str = "公众账号ID";
const MERCHANT: &str = "商户号";
const ORDER: &str = "商户订单号";
const REFUND_ORDER: &str = "商户退款单号";
const TRADE: &str = "微信订单号";
const STATE: &str = "交易状态";
const CURRENCY: &str = "货币种类";
const SETTLED: &str = "应结订单金额";
const VOUCHER: &str = "代金券金额";
const REFUND: &str = "微信退款单号";
const REFUNDED: &str = "退款金额";
const REFUND_STATE: &str = "退款状态";
const FEE: &str = "手续费";
const GROSS: &str = "订单金额";
const ASKED: &str = "申请退款金额";
const NEEDED: [&str; 12] = [TIME, TRADE, STATE, CURRENCY, SETTLED, VOUCHER, REFUND, REFUNDED, REFUND_STATE, FEE, GROSS, ASKED];
const ALSO: [&str; 15] = [
    APP,
    MERCHANT,
    "特约商户号",
    "设备号",
    ORDER,
    "用户标识",
    "交易类型",
    "付款银行",
    REFUND_ORDER,
    "充值券退款金额",
    "退款类型",
    "商品名称",
    "商户数据包",
    "费率",
    "费率备注",
];
const TOTALS: [&str; 7] =
    ["总交易单数", "应结订单总金额", "退款总金额", "充值券退款总金额", "手续费总金额", "订单总金额", "申请退款总金额"];

/// Values are separated by a comma and the backtick of the next one, so that they may have commas of their own.
pub(crate) fn row(line: u64, text: &str) -> ReportTableRow {
    match text.strip_prefix('`') {
        Some(text) => ReportTableRow::of(line, text.split(",`")),
        None => ReportTableRow::of(line, text.split(',')),
    }
}

/// What the totals must be, in the order of [`TOTALS`].
type BillSums = [Decimal; TOTALS.len()];

pub(crate) fn bill(bytes: &[u8]) -> Result<StoreReport, ReportFault> {
    read(bytes, None)
}

pub(crate) fn trades(bytes: &[u8]) -> Result<DailyBill, ReportFault> {
    let mut found = DailyBill::default();
    read(bytes, Some(&mut found))?;
    Ok(found)
}

fn read(bytes: &[u8], mut bill: Option<&mut DailyBill>) -> Result<StoreReport, ReportFault> {
    let text = utf8(bytes)?;
    let mut rows = (1..).zip(text.lines()).map(|(line, text)| row(line, text));
    let header = rows.next().ok_or_else(|| ReportFault::of_file("the file has no header"))?;
    let columns = NamedColumns::read(&header, &NEEDED, &ALSO)?;
    let (mut lines, mut sums): (Vec<ReportLine>, BillSums) = (Vec::new(), BillSums::default());
    while let Some(row) = rows.next() {
        if row.cell(0) != TOTALS[0] {
            if lines.len() >= LINES_MAX {
                return Err(ReportFault::of_file(format!("the bill has more than {LINES_MAX} lines")));
            }
            let cells = columns.cells(&row)?;
            trade(&cells, &mut lines, &mut sums)?;
            if let Some(bill) = bill.as_deref_mut() {
                bill.trades.push(named_trade(&cells)?);
            }
            continue;
        }
        let names = NamedColumns::read(&row, &TOTALS, &[])?;
        let stated = rows.next().ok_or_else(|| ReportFault::new(row.line, TOTALS[0], "has no sums after it: the file is cut off"))?;
        let cells = names.cells(&stated)?;
        for (name, found) in TOTALS.into_iter().zip(sums) {
            same(stated.line, name, cells.amount(name)?, found)?;
        }
        return match rows.next() {
            None => Ok(StoreReport::of(ReportFormat::WechatBill, lines)),
            Some(more) => Err(ReportFault::new(more.line, "", "comes after the sums")),
        };
    }
    Err(ReportFault::new(0, TOTALS[0], "is missing: the file is cut off"))
}

/// The same line with the ids of its trade. A refund is named with what was asked for: that much of the order is paid back, whoever bore its coupons.
fn named_trade(cells: &NamedCells<'_>) -> Result<BillTrade, ReportFault> {
    let is_sale = cells.text(STATE) == "SUCCESS";
    let column = if is_sale { GROSS } else { ASKED };
    let (currency, stated) = (cells.currency(CURRENCY)?, cells.amount_or_zero(column)?);
    let amount = Money::from_decimal(currency, stated, Rounding::Down).ok().filter(|amount| amount.to_decimal() == stated);
    let refund = || {
        let standing = match cells.text(REFUND_STATE) {
            // With `CHANGE` the money had nowhere to go that day. People may have sent it elsewhere since, and the bill of no day says so.
            "PROCESSING" | "CHANGE" => BillRefundStanding::OnItsWay,
            "FAIL" => BillRefundStanding::Failed,
            _ => BillRefundStanding::PaidBack,
        };
        Ok(BillRefund { refund_no: cells.id(REFUND)?, request_no: cells.id(REFUND_ORDER)?, standing })
    };
    Ok(BillTrade {
        line_no: cells.line(),
        app: cells.id(APP)?,
        merchant: cells.id(MERCHANT)?,
        transaction_id: cells.id(TRADE)?,
        order_no: cells.id(ORDER)?,
        at: cells.time(TIME)?,
        amount: amount.ok_or_else(|| cells.wrong(column, "an amount in whole minor units"))?,
        refund: (!is_sale).then(refund).transpose()?,
    })
}

fn trade(cells: &NamedCells<'_>, lines: &mut Vec<ReportLine>, sums: &mut BillSums) -> Result<(), ReportFault> {
    let amounts = [SETTLED, REFUNDED, "充值券退款金额", FEE, GROSS, ASKED].map(|column| cells.amount_or_zero(column));
    let [settled, refunded, of_voucher, fee, gross, asked] = amounts;
    let (settled, refunded, of_voucher, fee, gross, asked) = (settled?, refunded?, of_voucher?, fee?, gross?, asked?);
    for (sum, more) in sums.iter_mut().zip([Decimal::ONE, settled, refunded, of_voucher, fee, gross, asked]) {
        *sum += more;
    }
    let (kind, amount, net) = match (cells.text(STATE), cells.text(REFUND_STATE)) {
        ("SUCCESS", _) => (ReportLineKind::Sale, gross, settled),
        // A refund that has not ended moves nothing yet.
        ("REFUND" | "REVOKED", "PROCESSING" | "CHANGE" | "FAIL") => return Ok(()),
        ("REFUND" | "REVOKED", _) => (ReportLineKind::Refund, -asked, -refunded),
        _ => return Err(cells.wrong(STATE, "SUCCESS, REFUND or REVOKED")),
    };
    if amount < Decimal::ZERO && kind == ReportLineKind::Sale || amount > Decimal::ZERO && kind == ReportLineKind::Refund {
        return Err(cells.wrong(GROSS, "not less than zero"));
    }
    let currency: Currency = cells.currency(CURRENCY)?;
    let transaction_id = cells.id(TRADE)?;
    if transaction_id.is_empty() {
        return Err(cells.wrong(TRADE, "the number of a trade"));
    }
    let day = cells.text(TIME).split(' ').next().and_then(|day| table::day(day, "%Y-%m-%d"));
    let happened_on = day.ok_or_else(|| cells.wrong(TIME, "a time such as 2026-11-28 12:00:00"))?;
    for (kind, amount) in [(kind, amount), (ReportLineKind::Coupon, net - amount), (ReportLineKind::Fee, -fee)] {
        if amount.is_zero() && matches!(kind, ReportLineKind::Coupon | ReportLineKind::Fee) {
            continue;
        }
        lines.push(ReportLine::of_payment(cells.line(), kind, transaction_id.clone(), amount, currency, happened_on));
    }
    Ok(())
}
