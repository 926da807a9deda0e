//! Alipay's bill of a day: comment lines that begin with `#`, a table between them, and sums. Amounts are in yuan. The buyer's account is not read.

use crate::bill::{BillRefund, BillRefundStanding, BillTrade, DailyBill};
use crate::line::{ReportFormat, ReportLine, ReportLineKind, StoreReport};
use crate::table::{self, NamedCells, NamedColumns, ReportTableRow, rows, same, utf8_or_gbk};
use crate::{ReportFault, zip};
use money::{Currency, Money, Rounding};
use rust_decimal::Decimal;

const TRADE: &str = "支付宝交易号";
const ORDER: &str = "商户订单号";
const REQUEST: &str = "退款批次号/请求号";
const KIND: &str = "业务类型";
const DONE: &str = "完成时间";
const GROSS: &str = "订单金额（元）";
const RECEIVED: &str = "商家实收（元）";
const FEE: &str = "服务费（元）";
const NEEDED: [&str; 8] = [TRADE, ORDER, KIND, "商品名称", DONE, GROSS, RECEIVED, FEE];
const ALSO: [&str; 17] = [
    "创建时间",
    "门店编号",
    "门店名称",
    "操作员",
    "终端号",
    "对方账户",
    "支付宝红包（元）",
    "集分宝（元）",
    "支付宝优惠（元）",
    "商家优惠（元）",
    "券核销金额（元）",
    "券名称",
    "商家红包消费金额（元）",
    "卡消费金额（元）",
    REQUEST,
    "分润（元）",
    "备注",
];
/// Amounts of which this reader does not know who bears them.
const MUST_BE_NOTHING: [&str; 2] = ["商家红包消费金额（元）", "分润（元）"];
/// How the comment begins that names the account.
const ACCOUNT: &str = "#账号：";
/// The comments that state sums, with the words before the count and the sum.
const SALES: SummaryWords = SummaryWords { begins: "#交易合计：", before_sum: "商家实收共" };
const REFUNDS: SummaryWords = SummaryWords { begins: "#退款合计：", before_sum: "商家实收退款共" };
/// The name of the second file of an archive, which has sums by shop, has this in it.
const SUMMARY: &str = "汇总";

pub(crate) fn bill(bytes: &[u8]) -> Result<StoreReport, ReportFault> {
    unpacked(bytes, |bytes| read(bytes, None))
}

pub(crate) fn trades(bytes: &[u8]) -> Result<DailyBill, ReportFault> {
    let mut found = DailyBill::default();
    unpacked(bytes, |bytes| read(bytes, Some(&mut found)))?;
    Ok(found)
}

fn unpacked(bytes: &[u8], read: impl FnOnce(&[u8]) -> Result<StoreReport, ReportFault>) -> Result<StoreReport, ReportFault> {
    if !zip::looks_like(bytes) {
        return read(bytes);
    }
    let files: Vec<_> = zip::files(bytes)?.into_iter().filter(|file| !file.name.contains(SUMMARY)).collect();
    match files.as_slice() {
        [file] => read(&file.bytes),
        files => Err(ReportFault::of_file(format!("the archive must have one bill, and has {}", files.len()))),
    }
}

/// A comment that states a count and a sum.
#[derive(Clone, Copy)]
struct SummaryWords {
    /// How it begins.
    begins: &'static str,
    /// What is before the sum.
    before_sum: &'static str,
}

fn yuan() -> Currency {
    Currency::try_new("CNY").expect("ISO 4217 has it")
}

fn read(bytes: &[u8], mut bill: Option<&mut DailyBill>) -> Result<StoreReport, ReportFault> {
    let text = utf8_or_gbk(bytes)?;
    let rows = rows(&text, b',')?;
    let at = rows.iter().position(|row| row.cell(0) == TRADE).ok_or_else(|| ReportFault::new(0, TRADE, "is missing"))?;
    let columns = NamedColumns::read(&rows[at], &NEEDED, &ALSO)?;
    if let Some(bill) = bill.as_deref_mut() {
        bill.account = rows[..at].iter().find_map(account).unwrap_or_default();
    }
    let (mut lines, mut sums, mut is_over) = (Vec::new(), [(0_i64, Decimal::ZERO); 2], false);
    let mut stated = [false; 2];
    for row in &rows[at + 1..] {
        if row.cell(0).starts_with('#') {
            is_over = true;
            for (which, words) in [SALES, REFUNDS].into_iter().enumerate() {
                stated[which] |= compare(row, words, sums[which].0, sums[which].1)?;
            }
        } else if is_over {
            return Err(ReportFault::new(row.line, "", "comes after the end of the table"));
        } else {
            let cells = columns.cells(row)?;
            let which = trade(&cells, &mut lines)?;
            if let Some(bill) = bill.as_deref_mut() {
                bill.trades.push(named_trade(&cells, which == 1)?);
            }
            sums[which] = (sums[which].0 + 1, sums[which].1 + cells.amount(RECEIVED)?);
        }
    }
    if stated != [true; 2] {
        return Err(ReportFault::new(0, SALES.begins, "or the sum of refunds is missing: the file is cut off"));
    }
    Ok(StoreReport::of(ReportFormat::AlipayBill, lines))
}

/// The account in the heading: `#账号：[20880000000000020156]`.
fn account(row: &ReportTableRow) -> Option<String> {
    let stated = row.cell(0).strip_prefix(ACCOUNT)?;
    Some(stated.trim_start_matches('[').split(']').next().unwrap_or_default().to_owned())
}

/// The same line with the ids of its trade.
fn named_trade(cells: &NamedCells<'_>, is_refund: bool) -> Result<BillTrade, ReportFault> {
    let gross = cells.amount(GROSS)?.abs();
    let amount = Money::from_decimal(yuan(), gross, Rounding::Down).ok().filter(|amount| amount.to_decimal() == gross);
    let refund = || {
        let request_no = cells.id(REQUEST)?;
        Ok(BillRefund { refund_no: String::new(), request_no, standing: BillRefundStanding::PaidBack })
    };
    Ok(BillTrade {
        line_no: cells.line(),
        app: String::new(),
        merchant: String::new(),
        transaction_id: cells.id(TRADE)?,
        order_no: cells.id(ORDER)?,
        at: cells.time(DONE)?,
        amount: amount.ok_or_else(|| cells.wrong(GROSS, "an amount in whole fen"))?,
        refund: is_refund.then(refund).transpose()?,
    })
}

/// Compares a comment's count and sum; false: it is another comment.
fn compare(row: &ReportTableRow, words: SummaryWords, count: i64, sum: Decimal) -> Result<bool, ReportFault> {
    let SummaryWords { begins, before_sum } = words;
    let comment: Vec<&str> = (0..row.count()).map(|at| row.cell(at)).collect();
    let comment = comment.join(",");
    let Some(rest) = comment.strip_prefix(begins) else { return Ok(false) };
    let wrong = || ReportFault::new(row.line, begins, "must state a count and a sum");
    let stated_count = rest.split_once('笔').and_then(|(count, _)| count.parse::<i64>().ok()).ok_or_else(wrong)?;
    let stated_sum = rest.split_once(before_sum).and_then(|(_, rest)| rest.split_once('元'));
    let stated_sum = stated_sum.and_then(|(sum, _)| table::amount(sum)).ok_or_else(wrong)?;
    same(row.line, begins, Decimal::from(stated_count), Decimal::from(count))?;
    same(row.line, begins, stated_sum, sum)?;
    Ok(true)
}

/// A trade with its fee; whether it is a sale (0) or a refund (1).
fn trade(cells: &NamedCells<'_>, lines: &mut Vec<ReportLine>) -> Result<usize, ReportFault> {
    let (which, kind) = match cells.text(KIND) {
        "交易" => (0, ReportLineKind::Sale),
        "退款" => (1, ReportLineKind::Refund),
        _ => return Err(cells.wrong(KIND, "交易 or 退款")),
    };
    let (gross, received, fee) = (cells.amount(GROSS)?, cells.amount(RECEIVED)?, cells.amount_or_zero(FEE)?);
    if (kind == ReportLineKind::Sale && gross < Decimal::ZERO) || (kind == ReportLineKind::Refund && gross > Decimal::ZERO) {
        return Err(cells.wrong(GROSS, "above zero of trades, and below of refunds"));
    }
    for column in MUST_BE_NOTHING {
        if !cells.amount_or_zero(column)?.is_zero() {
            return Err(cells.wrong(column, "nothing: this reader does not know who bears it"));
        }
    }
    let transaction_id = cells.id(TRADE)?;
    if transaction_id.is_empty() {
        return Err(cells.wrong(TRADE, "the number of a trade"));
    }
    let day = cells.text(DONE).split(' ').next().and_then(|day| table::day(day, "%Y-%m-%d"));
    let happened_on = day.ok_or_else(|| cells.wrong(DONE, "a time such as 2026-11-28 12:00:00"))?;
    // What we receive is less than the order by coupons of ours.
    for (kind, amount) in [(kind, gross), (ReportLineKind::Coupon, received - gross), (ReportLineKind::Fee, fee)] {
        if amount.is_zero() && matches!(kind, ReportLineKind::Coupon | ReportLineKind::Fee) {
            continue;
        }
        lines.push(ReportLine::of_payment(cells.line(), kind, transaction_id.clone(), amount, yuan(), happened_on));
    }
    Ok(which)
}
