//! Invented samples in the stores' formats: read, cut off, changed, and hostile.
use super::*;
use proptest::prelude::*;
use rust_decimal::Decimal;
use std::str::FromStr as _;

const DETAIL: &str = "Start Date\tEnd Date\tUPC\tISRC/ISBN\tVendor Identifier\tQuantity\tPartner Share\tExtended Partner Share\tPartner Share Currency\tSales or Return\tApple Identifier\tTitle\tCountry Of Sale\tPromo Code\tCustomer Price\tCustomer Currency\r\n\
11/01/2026\t11/28/2026\t\t\tcoins.70\t3\t0.70\t2.10\tUSD\tS\t1\tCoins\tUS\t\t0.99\tUSD\r\n\
11/01/2026\t11/28/2026\t\t\tcoins.70\t-1\t0.70\t-0.70\tUSD\tR\t1\tCoins\tUS\t\t-0.99\tUSD\r\n\
Total_Rows\t2\r\nTotal_Amount\t1.40\r\nTotal_Units\t2\r\n";
const SUMMARY: &str = "\u{feff}Payments and Financial Reports,\"(November, 2026)\"\n\n\
Region (Currency),Units Sold,Earned,Pre-Tax Subtotal,Input Tax,Adjustments,Withholding Tax,Total Owed,Exchange Rate,Proceeds,Bank Account Currency\n\
Americas (USD),2,1.40,1.40,0.00,0.00,-0.10,1.30,0.900000,1.17,EUR\nTotal,1.17\n";
const EARNINGS: &str = "Description,Transaction Date,Transaction Time,Tax Type,Transaction Type,Refund Type,Product Title,Product id,Product Type,Sku Id,Hardware,Buyer Country,Buyer State,Buyer Postal Code,Buyer Currency,Amount (Buyer Currency),Currency Conversion Rate,Merchant Currency,Amount (Merchant Currency)\n\
GPA.1,\"Nov 3, 2026\",1:00:00 AM PST,,Charge,,\"Coins, many\",com.example,inapp,coins.70,,US,CA,94043,USD,0.99,0.900000,EUR,0.89\n\
GPA.1,\"Nov 3, 2026\",1:00:00 AM PST,,Google fee,,Coins,com.example,inapp,coins.70,,US,CA,94043,USD,-0.29,0.900000,EUR,-0.26\n";
const BALANCE: &str = r#"{"object":"list","has_more":false,"data":[
{"id":"txn_1","object":"balance_transaction","amount":74,"currency":"usd","fee":32,"fee_details":[{"amount":30,"type":"stripe_fee"},{"amount":2,"type":"tax"}],"net":42,"source":{"id":"ch_1","object":"charge","amount":74,"currency":"usd","payment_intent":"pi_1"},"type":"charge","created":1795830000},
{"id":"txn_2","amount":-42,"currency":"usd","fee":0,"fee_details":[],"net":-42,"source":{"id":"po_1","object":"payout","status":"paid","arrival_date":1795916400},"type":"payout","created":1795830000}]}"#;
const ALIPAY: &str = "#支付宝业务明细查询\n#账号：[20880000]\n支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,对方账户,订单金额（元）,商家实收（元）,商家优惠（元）,退款批次号/请求号,服务费（元）,分润（元）,备注\n\
2026112822\t,ord1\t,交易    ,Coins,2026-11-28 09:00:00,2026-11-28 09:00:05,a***@example.com,6.00,5.50,-0.50,,-0.04,0.00,\n\
2026112822\t,ord1\t,退款,Coins,2026-11-28 09:00:00,2026-11-28 10:00:05,a***@example.com,-2.00,-2.00,0.00,r1,0.01,0.00,\n\
#业务明细列表结束\n#交易合计：1笔，商家实收共5.50元，商家优惠共0.50元\n#退款合计：1笔，商家实收退款共-2.00元，商家优惠退款共0.00元\n";
const WECHAT: &str = "\u{feff}交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注\r\n\
`2026-11-28 09:00:00,`wx1,`190,`0,`,`4200,`ord1,`o1,`NATIVE,`SUCCESS,`OTHERS,`CNY,`6.00,`0.00,`0,`0,`0.00,`0.00,`,`,`Coins, many,`,`0.04000,`0.60%,`6.00,`0.00,`\r\n\
`2026-11-28 10:00:00,`wx1,`190,`0,`,`4200,`ord1,`o1,`NATIVE,`REFUND,`OTHERS,`CNY,`0.00,`0.00,`5030,`r1,`2.00,`0.00,`ORIGINAL,`SUCCESS,`Coins, many,`,`-0.01000,`0.60%,`0.00,`2.00,`\r\n\
总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额\r\n`2,`6.00,`2.00,`0.00,`0.03000,`6.00,`2.00\r\n";

const FUNDS: &str = "\u{feff}记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),账户结余(元),资金变更提交申请人,备注,业务凭证号\r\n\
`2026-11-28 09:00:01,`4200,`f1,`交易,`交易,`收入,`6.00,`6.00,`system,`Coins, many,`ord1\r\n\
`2026-11-28 09:00:01,`4200,`f2,`交易,`扣除交易手续费,`支出,`0.04,`5.96,`system,`,`ord1\r\n\
`2026-11-28 10:00:00,`5030,`f3,`退款,`退款,`支出,`2.00,`3.96,`API,`,`r1\r\n\
`2026-11-28 10:00:00,`5030,`f4,`退款,`退还交易手续费,`收入,`0.01,`3.97,`system,`,`r1\r\n\
`2026-11-28 11:00:00,`9,`f5,`充值/提现,`提现,`支出,`3.00,`0.97,`boss@190,`,`w1\r\n\
`2026-11-28 12:00:00,`10,`f6,`分账,`分账,`支出,`0.50,`0.47,`API,`,`p1\r\n\
资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额\r\n`6.0,`2.0,`6.01,`4.0,`5.54\r\n";

const SAMPLES: [(ReportFormat, &str); 7] = [
    (ReportFormat::AppleDetail, DETAIL),
    (ReportFormat::AppleSummary, SUMMARY),
    (ReportFormat::GoogleEarnings, EARNINGS),
    (ReportFormat::StripePayout, BALANCE),
    (ReportFormat::AlipayBill, ALIPAY),
    (ReportFormat::WechatBill, WECHAT),
    (ReportFormat::WechatFundFlow, FUNDS),
];

fn shown(report: &StoreReport) -> Vec<String> {
    let line = |line: &ReportLine| {
        let exchanged = if line.currency == line.proceeds_currency {
            String::new()
        } else {
            format!(" = {} {}", line.proceeds, line.proceeds_currency.code())
        };
        let of = [&line.transaction_id, &line.product_id].into_iter().find(|text| !text.is_empty()).map_or("-", String::as_str);
        format!("{} {of} {} {}{exchanged}", line.kind.name(), line.amount, line.currency.code())
    };
    report.lines.iter().map(line).collect()
}

fn fault(format: ReportFormat, bytes: &[u8]) -> String {
    read(format, bytes).expect_err("a damaged report").to_string()
}

#[test]
fn every_format_is_read_into_the_same_terms() {
    let of = |format| {
        let text = SAMPLES.iter().find(|(known, _)| *known == format).expect("each has a sample").1;
        read(format, text.as_bytes()).expect("a sound report")
    };
    let detail = of(ReportFormat::AppleDetail);
    assert_eq!(shown(&detail), ["sale coins.70 2.10 USD", "refund coins.70 -0.70 USD"]);
    assert_eq!((detail.lines[0].quantity, detail.lines[1].quantity, detail.lines[0].market.as_str()), (3, -1, "US"));
    assert_eq!(detail.last_day, Some(jiff::civil::date(2026, 11, 28)));
    let summary = of(ReportFormat::AppleSummary);
    assert_eq!(shown(&summary), ["withholding - -0.10 USD"]);
    let paid = &summary.payouts[0];
    assert_eq!((paid.amount, paid.proceeds, paid.rate), (Decimal::new(130, 2), Decimal::new(117, 2), Decimal::from_str("0.9").ok()));
    assert_eq!(shown(&of(ReportFormat::GoogleEarnings)), ["sale GPA.1 0.99 USD = 0.89 EUR", "fee GPA.1 -0.29 USD = -0.26 EUR"]);
    let payout = of(ReportFormat::StripePayout);
    assert_eq!(shown(&payout), ["fee pi_1 -0.30 USD", "fee_tax pi_1 -0.02 USD", "sale pi_1 0.74 USD"]);
    assert_eq!((payout.period.as_str(), payout.payouts[0].standing), ("po_1", PayoutStanding::Paid));
    let alipay = [
        "sale 2026112822 6.00 CNY",
        "coupon 2026112822 -0.50 CNY",
        "fee 2026112822 -0.04 CNY",
        "refund 2026112822 -2.00 CNY",
        "fee 2026112822 0.01 CNY",
    ];
    assert_eq!(shown(&of(ReportFormat::AlipayBill)), alipay);
    let wechat = ["sale 4200 6.00 CNY", "fee 4200 -0.04000 CNY", "refund 4200 -2.00 CNY", "fee 4200 0.01000 CNY"];
    assert_eq!(shown(&of(ReportFormat::WechatBill)), wechat);
    // Only what the trade bill does not have: what went to the bank, and what is of a kind that may be new.
    let funds = of(ReportFormat::WechatFundFlow);
    assert_eq!(shown(&funds), ["adjustment f6 -0.50 CNY"]);
    let withdrawn = |payout: &StatedPayout| (payout.proceeds.to_string(), payout.arrives_on.map(|day| day.to_string()));
    assert_eq!(funds.payouts.iter().map(withdrawn).collect::<Vec<_>>(), [("3.00".to_owned(), Some("2026-11-28".to_owned()))]);
    assert_eq!(funds.first_day, funds.last_day);
}

#[test]
fn a_bill_in_gbk_or_in_an_archive_is_the_same() {
    let plain = read(ReportFormat::AlipayBill, ALIPAY.as_bytes()).expect("a sound bill");
    let (gbk, _, _) = encoding_rs::GBK.encode(ALIPAY);
    assert_eq!(read(ReportFormat::AlipayBill, &gbk), Ok(plain.clone()));
    let (name, _, _) = encoding_rs::GBK.encode("20880000_20261128_业务明细(汇总).csv");
    let archive = archive(&[(b"20880000_20261128.csv", &gbk, 8), (&name, b"sums", 0)]);
    assert_eq!(read(ReportFormat::AlipayBill, &archive), Ok(plain));
    for cut in [archive.len() - 1, archive.len() / 2, 30, 4] {
        assert!(read(ReportFormat::AlipayBill, &archive[..cut]).is_err(), "{cut}");
    }
}

/// A ZIP archive of these files: name, content, method.
fn archive(files: &[(&[u8], &[u8], u16)]) -> Vec<u8> {
    let (mut bytes, mut list) = (Vec::new(), Vec::new());
    for (name, content, method) in files {
        let packed = if *method == 8 { miniz_oxide::deflate::compress_to_vec(content, 6) } else { content.to_vec() };
        let long = |number: usize| u32::try_from(number).unwrap_or(0).to_le_bytes();
        let head = |out: &mut Vec<u8>| {
            out.extend([20, 0, 0, 0]);
            out.extend(method.to_le_bytes());
            out.extend([0; 4]);
            out.extend(checksum(content).to_le_bytes());
            out.extend([long(packed.len()), long(content.len())].concat());
            out.extend(u16::try_from(name.len()).unwrap_or(0).to_le_bytes());
        };
        list.extend(b"PK\x01\x02\x14\x00");
        head(&mut list);
        list.extend([0; 12]);
        list.extend(long(bytes.len()));
        list.extend(*name);
        bytes.extend(b"PK\x03\x04");
        head(&mut bytes);
        bytes.extend([0; 2]);
        bytes.extend([*name, packed.as_slice()].concat());
    }
    let count = u16::try_from(files.len()).unwrap_or(0).to_le_bytes();
    let (at, size) = (u32::try_from(bytes.len()).unwrap_or(0), u32::try_from(list.len()).unwrap_or(0));
    bytes.extend(list);
    bytes.extend(b"PK\x05\x06\0\0\0\0");
    bytes.extend([count, count].concat());
    bytes.extend([size.to_le_bytes(), at.to_le_bytes()].concat());
    bytes.extend([0; 2]);
    bytes
}

/// Bit by bit, as the standard defines it.
fn checksum(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| if sum & 1 == 1 { (sum >> 1) ^ 0xedb8_8320 } else { sum >> 1 })
    })
}

/// A report, a change of it, and what is said of it.
type Damage = (ReportFormat, &'static str, (&'static str, &'static str), &'static str);

const DAMAGES: [Damage; 24] = [
    (ReportFormat::AppleDetail, DETAIL, ("Promo Code", "Bundle"), "line 1, column Bundle: is not known to this reader"),
    (ReportFormat::AppleDetail, DETAIL, ("Country Of Sale", "Title"), "line 1, column Title: is there twice"),
    (
        ReportFormat::AppleDetail,
        DETAIL,
        ("2.10", "2.11"),
        "line 2, column Extended Partner Share: `2.11` must be 3 times the partner share 0.70",
    ),
    (
        ReportFormat::AppleDetail,
        DETAIL,
        ("\tS\t", "\tR\t"),
        "line 2, column Sales or Return: `R` must be S with a quantity above zero, or R with one below",
    ),
    (
        ReportFormat::AppleDetail,
        DETAIL,
        ("Total_Amount\t1.40", "Total_Amount\t1.41"),
        "line 5, column Total_Amount: states 1.41, and the lines come to 1.40: lines are missing or were changed",
    ),
    (
        ReportFormat::AppleSummary,
        SUMMARY,
        ("1.30", "1.31"),
        "line 4, column Total Owed: states 1.31, and the lines come to 1.30: lines are missing or were changed",
    ),
    (
        ReportFormat::GoogleEarnings,
        EARNINGS,
        ("Google fee", "Google tip"),
        "line 3, column Transaction Type: `Google tip` must be one of the types that this reader knows",
    ),
    (
        ReportFormat::GoogleEarnings,
        EARNINGS,
        ("0.99", "1e2"),
        "line 2, column Amount (Buyer Currency): `1e2` must be an amount such as -12.34",
    ),
    (
        ReportFormat::GoogleEarnings,
        EARNINGS,
        ("0.99", "9999999999999999999999999999999"),
        "line 2, column Amount (Buyer Currency): `9999999999999999999999999999999` must be an amount such as -12.34",
    ),
    (ReportFormat::StripePayout, BALANCE, ("\"net\":42", "\"net\":41"), "line 1, column net: must be the amount less the fee"),
    (
        ReportFormat::StripePayout,
        BALANCE,
        ("\"type\":\"charge\"", "\"type\":\"barter\""),
        "line 1, column type: `barter` is not known to this reader",
    ),
    (
        ReportFormat::StripePayout,
        BALANCE,
        ("-42", "-43"),
        "line 2, column amount: states 0.43, and the lines come to 0.42: lines are missing or were changed",
    ),
    (
        ReportFormat::StripePayout,
        BALANCE,
        ("\"has_more\":false", "\"has_more\":true"),
        "line 0, column has_more: must be false in one list: pages are missing",
    ),
    (ReportFormat::AlipayBill, ALIPAY, ("退款,Coins", "转账,Coins"), "line 5, column 业务类型: `转账` must be 交易 or 退款"),
    (
        ReportFormat::AlipayBill,
        ALIPAY,
        ("共5.50元", "共6.50元"),
        "line 7, column #交易合计：: states 6.50, and the lines come to 5.50: lines are missing or were changed",
    ),
    (
        ReportFormat::WechatBill,
        WECHAT,
        ("`SUCCESS,`OTHERS", "`NOTPAY,`OTHERS"),
        "line 2, column 交易状态: `NOTPAY` must be SUCCESS, REFUND or REVOKED",
    ),
    (
        ReportFormat::WechatBill,
        WECHAT,
        ("`0.03000", "`0.04000"),
        "line 5, column 手续费总金额: states 0.04000, and the lines come to 0.03000: lines are missing or were changed",
    ),
    (ReportFormat::WechatFundFlow, FUNDS, ("`支出,`3.00", "`转出,`3.00"), "line 6, column 收支类型: `转出` must be 收入 or 支出"),
    (
        ReportFormat::WechatFundFlow,
        FUNDS,
        ("`支出,`3.00", "`支出,`-3.00"),
        "line 6, column 收支金额(元): `-3.00` must be not less than zero",
    ),
    (
        ReportFormat::WechatFundFlow,
        FUNDS,
        ("`支出,`3.00", "`支出,`30.00"),
        "line 9, column 支出金额: states 5.54, and the lines come to 32.54: lines are missing or were changed",
    ),
    (
        ReportFormat::WechatFundFlow,
        FUNDS,
        ("`2.0,`6.01", "`3.0,`6.01"),
        "line 9, column 收入笔数: states 3.0, and the lines come to 2: lines are missing or were changed",
    ),
    (ReportFormat::WechatFundFlow, FUNDS, ("`f6,", "`,"), "line 7, column 资金流水单号: `` must be the number of a flow"),
    (ReportFormat::WechatFundFlow, FUNDS, ("`分账,`分账", "`分账,`"), "line 7, column 业务类型: `` must be the name of a kind of flow"),
    (ReportFormat::WechatFundFlow, FUNDS, ("账户结余(元)", "账户余额"), "line 1, column 账户余额: is not known to this reader"),
];

#[test]
fn what_is_not_known_is_named_by_line_and_column() {
    for (format, text, change, said) in DAMAGES {
        assert!(text.contains(change.0), "{change:?}");
        assert_eq!(fault(format, text.replacen(change.0, change.1, 1).as_bytes()).as_str(), said);
    }
}

#[test]
fn a_report_that_was_cut_off_is_refused_wherever_it_was() {
    for (format, text) in SAMPLES {
        let whole = read(format, text.as_bytes()).expect("a sound report");
        for cut in (1..text.len()).filter(|cut| text.is_char_boundary(*cut)) {
            // Of a month at Google, whose end nothing states, whole lines may be missing: an archive has a checksum.
            let is_line_of_google = format == ReportFormat::GoogleEarnings && text.as_bytes()[cut - 1] == b'\n';
            let read = read(format, &text.as_bytes()[..cut]);
            assert!(is_line_of_google || read.is_err() || read.as_ref() == Ok(&whole), "{}: {:?}", format.name(), &text[..cut]);
        }
    }
}

#[test]
fn what_is_too_large_is_refused_before_it_takes_memory() {
    let long = format!("{}\n", "a".repeat(10 * 1024 * 1024));
    for (format, _) in SAMPLES {
        assert!(read(format, long.as_bytes()).is_err(), "{}", format.name());
        assert_eq!(fault(format, b""), "line 0: the file is empty");
        assert!(fault(format, &vec![b'['; REPORT_BYTES_MAX + 1]).contains("at most"), "{}", format.name());
    }
    assert!(read(ReportFormat::StripePayout, &vec![b'['; REPORT_BYTES_MAX]).is_err(), "nested without end");
    assert_eq!(fault(ReportFormat::GoogleEarnings, long.as_bytes()), "line 1: has more than 65536 bytes");
    // An archive that states more than is taken, and one that states less than it has.
    let mut bomb = archive(&[(b"a.csv", &[b'0'; 100_000], 8)]);
    let list = bomb.windows(4).rposition(|window| window == b"PK\x01\x02").expect("the archive has a list");
    bomb[list + 24..list + 28].copy_from_slice(&u32::MAX.to_le_bytes());
    assert!(bomb.len() < 500 && fault(ReportFormat::GoogleEarnings, &bomb).contains("more than 67108864 bytes together"));
    let mut liar = archive(&[(b"a.csv", &[b'0'; 100_000], 8)]);
    liar[list + 24..list + 28].copy_from_slice(&10_u32.to_le_bytes());
    assert!(fault(ReportFormat::GoogleEarnings, &liar).contains("larger than stated"));
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400), which in 0..7_usize) {
        let _ = read(ReportFormat::ALL[which], &bytes);
        let packed = [b"PK\x03\x04".as_slice(), &bytes, b"PK\x05\x06\0\0\0\0\x01\0\x01\0\0\0\0\0\0\0\0\0\0\0"].concat();
        let _ = read(ReportFormat::ALL[which], &packed);
    }
}
