//! Targets for what buyers send, and for the prices they pay.

use chart::BookKind;
use money::BookName;
use purchase::{Bundle, Config, PackageCatalogue, catalogue::PackageOffer, stores::apple::ReceiptVerifier};
use sandbox::{
    report::{archive, gzip},
    store::{Store, StorePurchase},
};
use std::sync::LazyLock;
use storereports::ReportFormat;

/// A list of packages.
pub(super) const PRICES: &str = "version = \"1\"\n[[package]]\nproduct_id = \"coins.70\"\nmarket = \"US\"\nchannel = \"app\"\ncoins = 70\n\
                                 currency = \"USD\"\nprice = \"0.99\"\n[[price]]\nproduct_id = \"coins.700\"\nmarket = \"US\"\n\
                                 channel = \"stripe\"\ncoins = 650\nbonus_coins = 50\ncurrency = \"USD\"\nprice = \"7.40\"\n\
                                 valid_from = \"2026-11-01\"\n[[tax]]\nmarket = \"*\"\nbasis_points = 1000\nvalid_from = \"2026-01-01\"\n\
                                 source = \"invented\"\n";

pub(super) const BUNDLE: &str = "com.example.app";

// Reports of stores, invented.
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

/// A pretend store, the verifier that trusts it, and two receipts with their transactions' ids.
pub(super) struct FuzzShop {
    pub(super) store: Store,
    pub(super) verifier: ReceiptVerifier,
    book: BookName,
    pub(super) sold: [(String, String); 2],
}

/// A purchase of one package.
pub(super) fn one_of_coins() -> StorePurchase {
    StorePurchase {
        bundle_id: BUNDLE.to_owned(),
        product_id: "coins.70".to_owned(),
        app_account_token: None,
        quantity: 1,
        price: 990,
        currency: "USD".to_owned(),
        storefront: "USA".to_owned(),
    }
}

pub(super) static SHOP: LazyLock<FuzzShop> = LazyLock::new(|| {
    let dir = tempfile::tempdir().expect("a directory can be made");
    let store = Store::open(dir.path()).expect("certificates can be made");
    let book = BookName::try_new("demo").expect("a book's name");
    let bundle = Bundle { bundle_id: BUNDLE.to_owned(), book: book.to_string(), app_apple_id: 0 };
    let config = Config { sandbox_roots: vec![store.root_der().to_vec()], bundles: vec![bundle], ..Config::default() };
    let sell = |quantity, token: Option<&str>| {
        let purchase = StorePurchase { app_account_token: token.map(str::to_owned), quantity, ..one_of_coins() };
        let sold = store.sell(&purchase).expect("a purchase can be signed");
        (sold.signed_transaction, sold.transaction_id)
    };
    let sold = [sell(1, None), sell(10, Some("01933b0e-8f1a-7c3e-9d2b-0123456789ab"))];
    let verifier = ReceiptVerifier::load(&config).expect("the root is a certificate");
    FuzzShop { store, verifier, book, sold }
});

/// A receipt: a mutated one never buys what was not sold.
pub(super) fn receipt(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let FuzzShop { verifier, book, sold, .. } = &*SHOP;
    let sale = sold.iter().find(|(signed, _)| signed == text);
    match (verifier.verify(text, book, BookKind::Test), sale) {
        (Ok(transaction), _) => assert!(sold.iter().any(|(_, id)| *id == transaction.transaction_id), "nobody sold {transaction:?}"),
        (Err(refused), sale) => assert!(sale.is_none(), "a genuine receipt was refused: {refused:?}"),
    }
    assert!(verifier.verify(text, book, BookKind::Live).is_err(), "pretend money is no money");
}

pub(super) fn receipts() -> Vec<Vec<u8>> {
    SHOP.sold.iter().map(|(signed, _)| signed.clone().into_bytes()).collect()
}

/// A list of prices.
pub(super) fn prices(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Ok(catalogue) = PackageCatalogue::parse("packages.toml", text)
    {
        let book = BookName::try_new("demo").expect("a book's name");
        for day in [0, 365, 20_000, 40_000] {
            let offers = catalogue.offers(&book, "US", day * 86_400_000).unwrap_or_default();
            let sold = |offer: &PackageOffer<'_>| offer.bonus < offer.package.coins && offer.package.price.minor_units() > 0;
            assert!(offers.iter().all(sold), "{offers:?}");
        }
    }
}

/// The number of a format, and a report in it: it is read within bounds, and twice the same.
pub(super) fn report(bytes: &[u8]) {
    let Some((format, report)) = bytes.split_first() else { return };
    let Some(format) = ReportFormat::ALL.get(usize::from(*format % 6)) else { return };
    let read = storereports::read(*format, report);
    assert_eq!(read, storereports::read(*format, report));
    if let Ok(bill) = storereports::read_trades(*format, report) {
        let sound = |trade: &storereports::BillTrade| trade.amount.minor_units() >= 0 && !trade.transaction_id.is_empty();
        assert!(read.is_ok() && bill.trades.iter().all(sound), "trades of a bill that is refused, or without their ids: {bill:?}");
    }
    if let Ok(read) = read {
        assert!(read.lines.len() <= 3 * storereports::LINES_MAX && read.lines.iter().all(|line| line.happened_on.year() >= 2_000));
    }
}

/// A file of gzip: what is unpacked is within its bound, and a file that this program packs is unpacked.
pub(super) fn packed(bytes: &[u8]) {
    const BYTES_MAX: usize = 4_096;
    if let Ok(unpacked) = storereports::gzip::gunzip(bytes, BYTES_MAX) {
        assert!(unpacked.len() <= BYTES_MAX);
    }
    let content = &bytes[..bytes.len().min(BYTES_MAX)];
    assert_eq!(storereports::gzip::gunzip(&gzip(content), BYTES_MAX).as_deref(), Ok(content));
}

pub(super) fn packings() -> Vec<Vec<u8>> {
    vec![gzip(b""), gzip(WECHAT.as_bytes())]
}

pub(super) fn reports() -> Vec<Vec<u8>> {
    let with = |format: u8, text: &str| [&[format], text.as_bytes()].concat();
    let mut all = vec![with(0, DETAIL), with(1, SUMMARY), with(2, EARNINGS), with(3, BALANCE), with(4, ALIPAY), with(5, WECHAT)];
    // As Google and Alipay pack them.
    for (format, name, text) in [(2_u8, "PlayApps_202611.csv", EARNINGS), (4, "20880000_DETAILS.csv", ALIPAY)] {
        let packed = archive(name, text.as_bytes());
        let read = |bytes: &[u8]| storereports::read(ReportFormat::ALL[usize::from(format)], bytes).is_ok();
        assert!(read(text.as_bytes()) == read(&packed), "{name} is read packed as it is unpacked");
        all.push([&[format][..], &packed].concat());
    }
    all
}
