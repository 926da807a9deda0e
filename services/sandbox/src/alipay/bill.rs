//! Alipay's bill of a day: comments, a table whose cells end in tabs, and sums, in GBK and in an archive. The format is general knowledge.

use crate::{
    report::{archive, bomb, decimal},
    wallet::bills::{BilledTrade, OrderedBill},
};
use encoding_rs::GBK;

const HEADER: &str = "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,订单金额（元）,商家实收（元）,\
支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,券名称,商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注";

fn row(bill: &OrderedBill, billed: &BilledTrade) -> String {
    let (trade, at) = (&billed.trade, bill.stated_time(billed.at_ms()));
    let sign = if billed.refund.is_some() { -1 } else { 1 };
    let wrong = i64::from(bill.fault == "altered");
    let amount = decimal(sign * billed.fen() + wrong);
    let (kind, request) = billed.refund.as_ref().map_or(("交易", ""), |refund| ("退款", refund.id.as_str()));
    let (number, order, fee) = (&trade.number, &trade.id, decimal(-billed.fee_fen()));
    format!(
        "{number}\t,{order}\t,{kind}    ,{},{at},{at},,,\t,\t,a***@example.com,{amount},{amount},0.00,0.00,0.00,0.00,0.00,,0.00,0.00,{request}\t,{fee},0.00,\n",
        trade.subject
    )
}

/// The archive of a day's bill.
pub fn bill(bill: &OrderedBill, seller: &str, billed: &[BilledTrade]) -> Vec<u8> {
    let seller = if bill.fault == "another_seller" { "2088999999999999" } else { seller };
    let (day, name) = (bill.stated_day(), format!("{seller}0156_{}_DETAILS.csv", bill.stated_day().replace('-', "")));
    if bill.fault == "bomb" {
        return bomb(&name);
    }
    let rows: String = billed.iter().map(|billed| row(bill, billed)).collect();
    let sums = |is_refund: bool| {
        let of = || billed.iter().filter(|billed| billed.refund.is_some() == is_refund);
        let sum: i64 = of().map(BilledTrade::fen).sum();
        (of().count(), decimal(if is_refund { -sum } else { sum }))
    };
    let ((sales, sold), (refunds, refunded)) = (sums(false), sums(true));
    let text = format!(
        "#支付宝业务明细查询\n#账号：[{seller}0156]\n#起始日期：[{day} 00:00:00]   终止日期：[{day} 23:59:59]\n\
         #-----------------------------------------业务明细列表----------------------------------------\n{HEADER}\n{rows}\
         #-----------------------------------------业务明细列表结束------------------------------------\n\
         #交易合计：{sales}笔，商家实收共{sold}元，商家优惠共0.00元\n#退款合计：{refunds}笔，商家实收退款共{refunded}元，商家优惠退款共0.00元\n\
         #导出时间：[{day} 23:59:59]\n"
    );
    let packed = archive(&name, &GBK.encode(&text).0);
    bill.with_fault(packed)
}
