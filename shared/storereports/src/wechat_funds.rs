//! WeChat Pay's fund flow bill of a day (pay.weixin.qq.com, "Fund flow bill"): what moved on our account there, each value with a backtick before it, and sums in the
//! last two lines. Amounts are in yuan, and another column says whether they come or go.
//!
//! Payments, refunds and fees are in the trade bill one by one, so they are no lines here. What is: withdrawals to the bank, as what WeChat Pay pays us; and whatever else
//! moved, by its name, since WeChat Pay says that there may be more kinds at any time.

use crate::line::{PayoutStanding, ReportFormat, ReportLine, ReportLineKind, StatedPayout, StoreReport};
use crate::table::{NamedCells, NamedColumns, same, utf8};
use crate::wechat::row;
use crate::{LINES_MAX, ReportFault};
use jiff::civil::Date;
use money::Currency;
use rust_decimal::Decimal;

const TIME: &str = "记账时间";
const BUSINESS: &str = "微信支付业务单号";
const FLOW: &str = "资金流水单号";
const NAME: &str = "业务名称";
const KIND: &str = "业务类型";
const WAY: &str = "收支类型";
const AMOUNT: &str = "收支金额(元)";
const BALANCE: &str = "账户结余(元)";
const NEEDED: [&str; 8] = [TIME, BUSINESS, FLOW, NAME, KIND, WAY, AMOUNT, BALANCE];
const ALSO: [&str; 3] = ["资金变更提交申请人", "备注", "业务凭证号"];
/// How many flows there are, those that come with their sum, and those that go.
const TOTALS: [&str; 5] = ["资金流水总笔数", "收入笔数", "收入金额", "支出笔数", "支出金额"];
const COMES: &str = "收入";
const GOES: &str = "支出";
/// What the trade bill has one by one: payments, fees, refunds, refunds that came back, and fees that are given back.
const IN_TRADE_BILL: [&str; 5] = ["交易", "扣除交易手续费", "退款", "退款关闭", "退还交易手续费"];
/// What a withdrawal is called, alone or as a part of a name.
const WITHDRAWAL: &str = "提现";
/// The only currency of the account.
const YUAN: &str = "CNY";

/// What the totals must be, in the order of [`TOTALS`].
type FlowSums = [Decimal; TOTALS.len()];

/// What is read.
struct FundFlow {
    report: StoreReport,
    sums: FlowSums,
    rows: usize,
    currency: Currency,
}

pub(crate) fn fund_flow(bytes: &[u8]) -> Result<StoreReport, ReportFault> {
    let text = utf8(bytes)?;
    let mut rows = (1..).zip(text.lines()).map(|(line, text)| row(line, text));
    let header = rows.next().ok_or_else(|| ReportFault::of_file("the file has no header"))?;
    let columns = NamedColumns::read(&header, &NEEDED, &ALSO)?;
    let currency = Currency::try_new(YUAN).map_err(|_| ReportFault::of_file("the yuan is not known"))?;
    let report = StoreReport::of(ReportFormat::WechatFundFlow, Vec::new());
    let mut found = FundFlow { report, sums: FlowSums::default(), rows: 0, currency };
    while let Some(row) = rows.next() {
        if row.cell(0) != TOTALS[0] {
            found.flow(&columns.cells(&row)?)?;
            continue;
        }
        let names = NamedColumns::read(&row, &TOTALS, &[])?;
        let stated = rows.next().ok_or_else(|| ReportFault::new(row.line, TOTALS[0], "has no sums after it: the file is cut off"))?;
        let cells = names.cells(&stated)?;
        for (name, sum) in TOTALS.into_iter().zip(found.sums) {
            same(stated.line, name, cells.amount(name)?, sum)?;
        }
        return match rows.next() {
            None => Ok(found.report),
            Some(more) => Err(ReportFault::new(more.line, "", "comes after the sums")),
        };
    }
    Err(ReportFault::new(0, TOTALS[0], "is missing: the file is cut off"))
}

impl FundFlow {
    fn flow(&mut self, cells: &NamedCells<'_>) -> Result<(), ReportFault> {
        self.rows += 1;
        if self.rows > LINES_MAX {
            return Err(ReportFault::of_file(format!("the bill has more than {LINES_MAX} lines")));
        }
        let amount = cells.amount(AMOUNT)?;
        if amount < Decimal::ZERO {
            return Err(cells.wrong(AMOUNT, "not less than zero"));
        }
        let comes = match cells.text(WAY) {
            COMES => true,
            GOES => false,
            _ => return Err(cells.wrong(WAY, "收入 or 支出")),
        };
        let (count_at, sum_at) = if comes { (1, 2) } else { (3, 4) };
        for (at, more) in [(0, Decimal::ONE), (count_at, Decimal::ONE), (sum_at, amount)] {
            self.sums[at] += more;
        }
        let day = cells.time(TIME)?.date();
        let (name, kind) = (cells.id(NAME)?, cells.id(KIND)?);
        if name.is_empty() || kind.is_empty() {
            return Err(cells.wrong(if name.is_empty() { NAME } else { KIND }, "the name of a kind of flow"));
        }
        // Whether the account had that much is not asked: the order of the lines is not promised.
        cells.amount(BALANCE)?;
        self.report.first_day = [self.report.first_day, Some(day)].into_iter().flatten().min();
        self.report.last_day = self.report.last_day.max(Some(day));
        let is_withdrawal = kind.contains(WITHDRAWAL) || name == WITHDRAWAL;
        if is_withdrawal {
            self.withdrawal(if comes { -amount } else { amount }, day);
        } else if !IN_TRADE_BILL.contains(&kind.as_str()) {
            self.other(cells, &kind, if comes { amount } else { -amount }, day)?;
        }
        Ok(())
    }

    /// What went to our bank, or less than zero where it came back.
    fn withdrawal(&mut self, amount: Decimal, day: Date) {
        self.report.payouts.push(StatedPayout {
            currency: self.currency,
            amount,
            proceeds_currency: self.currency,
            proceeds: amount,
            rate: None,
            standing: PayoutStanding::Paid,
            arrives_on: Some(day),
        });
    }

    /// Whatever else moved: people decide about it.
    fn other(&mut self, cells: &NamedCells<'_>, kind: &str, amount: Decimal, day: Date) -> Result<(), ReportFault> {
        let flow = cells.id(FLOW)?;
        if flow.is_empty() {
            return Err(cells.wrong(FLOW, "the number of a flow"));
        }
        self.report.lines.push(ReportLine {
            line_no: cells.line(),
            kind: ReportLineKind::Adjustment,
            transaction_id: flow,
            product_id: kind.to_owned(),
            market: String::new(),
            quantity: 0,
            amount,
            currency: self.currency,
            proceeds: amount,
            proceeds_currency: self.currency,
            happened_on: day,
        });
        Ok(())
    }
}
