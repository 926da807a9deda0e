//! Invented bills of a day: their trades, and whose they are.
use crate::{BillRefundStanding, ReportFormat, read_trades};

const ALIPAY: &str = "#支付宝业务明细查询\n#账号：[20880000000000020156]\n支付宝交易号,商户订单号,业务类型,商品名称,完成时间,订单金额（元）,商家实收（元）,服务费（元）,退款批次号/请求号\n\
2026112822\t,ord1\t,交易    ,Coins,2026-11-28 09:00:05,6.00,5.50,-0.04,\n2026112822\t,ord1\t,退款,Coins,2026-11-28 10:00:05,-2.00,-2.00,0.01,r1\n\
#交易合计：1笔，商家实收共5.50元\n#退款合计：1笔，商家实收退款共-2.00元\n";
const WECHAT: &str = "交易时间,公众账号ID,商户号,微信订单号,商户订单号,交易状态,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,退款状态,手续费,订单金额,申请退款金额\r\n\
`2026-11-28 09:00:00,`wx1,`190,`4200,`ord1,`SUCCESS,`CNY,`5.00,`1.00,`0,`0,`0.00,`,`0.03000,`6.00,`0.00\r\n\
`2026-11-28 10:00:00,`wx1,`190,`4200,`ord1,`REFUND,`CNY,`0.00,`0.00,`5030,`r1,`1.50,`STATE,`0.00,`0.00,`2.00\r\n\
总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额\r\n`2,`5.00,`1.50,`0.00,`0.03000,`6.00,`2.00\r\n";

#[test]
fn trades_have_the_ids_and_amounts_by_which_their_notifications_name_them() {
    let alipay = read_trades(ReportFormat::AlipayBill, ALIPAY.as_bytes()).unwrap();
    let wechat = read_trades(ReportFormat::WechatBill, WECHAT.replace("STATE", "SUCCESS").as_bytes()).unwrap();
    assert_eq!(alipay.account, "20880000000000020156");
    for (bill, transaction_id) in [(&alipay, "2026112822"), (&wechat, "4200")] {
        let [sale, refund] = bill.trades.as_slice() else { panic!("{bill:?}") };
        assert_eq!((sale.amount.minor_units(), refund.amount.minor_units()), (600, 200), "of the order, whoever bore a coupon");
        assert_eq!((sale.transaction_id.as_str(), sale.order_no.as_str(), sale.refund.as_ref()), (transaction_id, "ord1", None));
        let of = refund.refund.as_ref().unwrap();
        assert_eq!((of.request_no.as_str(), of.standing, refund.at.hour()), ("r1", BillRefundStanding::PaidBack, 10));
    }
    for (state, standing) in
        [("PROCESSING", BillRefundStanding::OnItsWay), ("CHANGE", BillRefundStanding::OnItsWay), ("FAIL", BillRefundStanding::Failed)]
    {
        let bill = read_trades(ReportFormat::WechatBill, WECHAT.replace("STATE", state).as_bytes()).unwrap();
        assert_eq!(bill.trades[1].refund.as_ref().unwrap().standing, standing);
    }
}

#[test]
fn a_bill_of_another_account_app_or_day_is_named() {
    let day = "2026-11-28".parse().unwrap();
    let alipay = read_trades(ReportFormat::AlipayBill, ALIPAY.as_bytes()).unwrap();
    let wechat = read_trades(ReportFormat::WechatBill, WECHAT.replace("STATE", "SUCCESS").as_bytes()).unwrap();
    assert_eq!(alipay.strange("2088000000000002", "", "", day), None);
    assert_eq!(wechat.strange("190", "wx1", "190", day), None);
    assert_eq!(wechat.strange("190", "", "190", day), None, "of any app");
    assert!(alipay.strange("2088000000000003", "", "", day).unwrap().contains("account"));
    assert!(wechat.strange("190", "wx2", "190", day).unwrap().contains("line 2"));
    assert!(wechat.strange("191", "wx1", "191", day).unwrap().contains("merchant 190"));
    let other = "2026-11-29".parse().unwrap();
    assert!(alipay.strange("2088000000000002", "", "", other).is_some() && wechat.strange("190", "wx1", "190", other).is_some());
}

#[test]
fn what_the_settlement_refuses_names_no_trades() {
    for wrong in [
        WECHAT.replace("`5.00,`1.50", "`5.01,`1.50"),
        WECHAT.replace("10:00:00", "25:00:00"),
        WECHAT.replace("`6.00,`0.00", "`6.001,`0.00"),
    ] {
        assert!(read_trades(ReportFormat::WechatBill, wrong.replace("STATE", "SUCCESS").as_bytes()).is_err(), "{wrong}");
    }
    assert!(read_trades(ReportFormat::StripePayout, b"{}").is_err());
}
