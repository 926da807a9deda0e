//! What coins, debts, lots and money must come to, from what stores did and from the order in which the journal has it. Written from the rules of the flows, and of nothing
//! that is tested here: plain lists that are walked from their beginning.

use std::collections::BTreeMap;

use api::ledger::Posting;
use purchase::domain::StoreKind;

/// What a store sells here, in coins and minor units.
#[derive(Debug, Clone, Copy)]
pub struct Price {
    pub coins: i64,
    pub price: i64,
    pub tax: i64,
    pub commission: i64,
    pub currency: &'static str,
}

impl Price {
    /// By the price list: 0.99 USD in an app, of which its store keeps 30 %, 0.74 USD and 4.98 CNY on the web, of which an eleventh is tax that we remit.
    pub fn at(store: StoreKind) -> Self {
        let app = |pieces: i64| Price { coins: 70 * pieces, price: 99 * pieces, tax: 0, commission: 99 * pieces * 3 / 10, currency: "USD" };
        let web = |price: i64, currency| Price { coins: 70, price, tax: price - price * 10 / 11, commission: 0, currency };
        match store {
            StoreKind::Apple => app(1),
            StoreKind::Google => app(3),
            StoreKind::Stripe => web(74, "USD"),
            StoreKind::Alipay | StoreKind::Wechat => web(498, "CNY"),
        }
    }
}

/// What a store did with one sale.
#[derive(Debug, Clone)]
pub struct Dealings {
    pub store: StoreKind,
    /// What it paid back, one by one: thirds, or all that was left.
    refunds: Vec<Refund>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refund {
    Third,
    Rest,
}

impl Dealings {
    pub fn new(store: StoreKind) -> Self {
        Self { store, refunds: Vec::new() }
    }

    pub fn third(&mut self) {
        self.refunds.push(Refund::Third);
    }

    pub fn rest(&mut self) {
        self.refunds.push(Refund::Rest);
    }

    pub fn thirds(&self) -> i64 {
        i64::try_from(self.refunds.iter().filter(|refund| **refund == Refund::Third).count()).unwrap()
    }

    pub fn is_refunded(&self) -> bool {
        !self.refunds.is_empty()
    }

    pub fn is_whole(&self) -> bool {
        self.refunds.contains(&Refund::Rest)
    }

    /// The App Store takes all of it back, Stripe's bank the newest refund.
    pub fn reversed(&mut self) {
        match self.store {
            StoreKind::Apple => self.refunds.clear(),
            _ => drop(self.refunds.pop()),
        }
    }

    /// So much of this, as the store says it: thousandths of a percent, pieces, or minor units.
    fn portion(&self) -> (i64, i64) {
        let whole = match self.store {
            StoreKind::Apple => 100_000,
            StoreKind::Google => 3,
            store => Price::at(store).price,
        };
        let part = if self.is_whole() { whole } else { whole / 3 * self.thirds() };
        (part, whole)
    }

    /// Coins, price, tax and commission that are paid back in all: each rounded down, the last two by the part of the price.
    pub fn back(&self) -> (i64, i64, i64, i64) {
        let (sold, (part, whole)) = (Price::at(self.store), self.portion());
        let amount = sold.price * part / whole;
        (sold.coins * part / whole, amount, sold.tax * amount / sold.price, sold.commission * amount / sold.price)
    }
}

/// The coins of one purchase.
#[derive(Debug, Clone)]
pub struct Lot {
    pub sold: Price,
    pub left: i64,
    pub spent: i64,
    /// CoinsTaken back before they were spent.
    pub refunded: i64,
}

impl Lot {
    /// Without tax: what was deferred of coins that were paid back unspent, and what spent ones earned. Cumulative, rounded down; the last coin brings the rest.
    pub fn earned(&self, of: i64) -> (i64, i64) {
        let undone = of * self.refunded / self.sold.coins;
        (undone, of * (self.refunded + self.spent) / self.sold.coins - undone)
    }
}

/// A viewer.
#[derive(Debug, Default)]
pub struct Viewer {
    /// Purchases in the order in which their coins came.
    lots: Vec<String>,
    pub debt: i64,
    /// What paid for debts: each purchase once with all its coins, the one that paid last at the end.
    settled: Vec<(String, i64)>,
}

/// What the refunds of a purchase took of others, and made its viewer owe.
#[derive(Debug, Default)]
struct CoinsTaken {
    coins: i64,
    others: BTreeMap<String, i64>,
    owed: i64,
}

#[derive(Debug, Default)]
pub struct Books {
    pub lots: BTreeMap<String, Lot>,
    pub viewers: BTreeMap<String, Viewer>,
    taken: BTreeMap<String, CoinsTaken>,
    pub gifts: i64,
}

fn field<'a>(posting: &'a Posting, name: &str) -> &'a str {
    posting.field(name).unwrap_or_default()
}

impl Books {
    /// Follows a posting, and says what of it is against the rules.
    pub fn follow(&mut self, posting: &Posting, stores: &BTreeMap<String, StoreKind>) -> Result<(), String> {
        let moved = |debit: &str, credit: &str| -> i64 {
            let of = posting.transfers.iter().filter(|transfer| transfer.unit == "COIN" && !transfer.pending && !transfer.released);
            of.filter(|transfer| transfer.debit_account == debit && transfer.credit_account == credit).map(|transfer| transfer.amount).sum()
        };
        let (issued, purchase) = ("house/coins/issued", field(posting, "purchase_id").to_owned());
        let user = field(posting, "user_id").to_owned();
        let (coins, debt) = (format!("viewer/{user}/coins"), format!("viewer/{user}/debt"));
        match posting.kind.as_str() {
            "purchase.apple" | "purchase.google" | "purchase.web" => {
                let store = stores.get(&purchase).ok_or_else(|| format!("nobody bought {purchase}"))?;
                self.sold(&user, &purchase, Price::at(*store), moved(issued, &coins))
            }
            "gift" => {
                let owner = |account: &str| account.strip_prefix("viewer/").and_then(|rest| rest.strip_suffix("/coins")).map(str::to_owned);
                let user = posting.transfers.iter().find_map(|transfer| owner(&transfer.debit_account)).unwrap();
                let given = moved(&format!("viewer/{user}/coins"), "house/coins/redeemed");
                if self.viewers.entry(user.clone()).or_default().debt > 0 {
                    return Err(format!("{user} gives while coins are owed"));
                }
                self.gifts += given;
                self.spend(&user, given).map(drop)
            }
            "refund.granted" => self.granted(&user, &purchase, moved(&coins, issued), moved(&debt, issued)),
            "refund.reversed" => self.reversed(&user, &purchase, moved(issued, &coins), moved(issued, &debt)),
            "debt.settle" => self.settle(&user, moved(&coins, &debt)),
            "refund.money" | "revenue.day" => Ok(()),
            other => Err(format!("{other} is not part of this")),
        }
    }

    fn sold(&mut self, user: &str, purchase: &str, sold: Price, coins: i64) -> Result<(), String> {
        let lot = Lot { sold, left: coins, spent: 0, refunded: 0 };
        if coins != sold.coins || self.lots.insert(purchase.to_owned(), lot).is_some() {
            return Err(format!("{coins} coins for {purchase}, or once more"));
        }
        self.viewers.entry(user.to_owned()).or_default().lots.push(purchase.to_owned());
        Ok(())
    }

    pub fn coins(&self, user: &str) -> i64 {
        self.viewers.get(user).map_or(0, |viewer| viewer.lots.iter().map(|purchase| self.lots[purchase].left).sum())
    }

    /// Takes coins, the oldest first; of which purchases.
    fn spend(&mut self, user: &str, coins: i64) -> Result<Vec<(String, i64)>, String> {
        let (mut missing, mut taken) = (coins, Vec::new());
        for purchase in &self.viewers.entry(user.to_owned()).or_default().lots {
            let lot = self.lots.get_mut(purchase).unwrap();
            let some = lot.left.min(missing);
            if some > 0 {
                lot.left -= some;
                lot.spent += some;
                missing -= some;
                taken.push((purchase.clone(), some));
            }
        }
        if missing == 0 { Ok(taken) } else { Err(format!("{user} spends {coins} coins, and {missing} are not there")) }
    }

    /// As many coins as there are go, those of the purchase first; the rest is owed. What other purchases give counts as spent.
    fn granted(&mut self, user: &str, purchase: &str, wallet: i64, debt: i64) -> Result<(), String> {
        if wallet != self.coins(user).min(wallet + debt) {
            return Err(format!("{wallet} of {} coins are taken for {purchase}, and {debt} are owed", self.coins(user)));
        }
        let lot = self.lots.get_mut(purchase).ok_or_else(|| format!("{purchase} is paid back before it is sold"))?;
        let own = lot.left.min(wallet);
        lot.left -= own;
        lot.refunded += own;
        let others = self.spend(user, wallet - own)?;
        let taken = self.taken.entry(purchase.to_owned()).or_default();
        taken.coins += wallet + debt;
        taken.owed += debt;
        others.into_iter().for_each(|(other, coins)| *taken.others.entry(other).or_default() += coins);
        self.viewers.get_mut(user).unwrap().debt += debt;
        Ok(())
    }

    /// What is still owed for it is owed no more, and the rest comes back: to the purchase, to those that gave for it from the oldest on, and to those that paid for
    /// its debt from the last on.
    fn reversed(&mut self, user: &str, purchase: &str, wallet: i64, debt: i64) -> Result<(), String> {
        let (taken, viewer) = (self.taken.entry(purchase.to_owned()).or_default(), self.viewers.get_mut(user).unwrap());
        if debt != viewer.debt.min(taken.owed).min(wallet + debt) {
            return Err(format!("{debt} of {} owed coins go with {purchase}, which made {} owed", viewer.debt, taken.owed));
        }
        taken.coins -= wallet + debt;
        taken.owed -= debt;
        viewer.debt -= debt;
        let mut back = wallet;
        let lot = self.lots.get_mut(purchase).unwrap();
        let own = lot.refunded.min(back);
        (lot.refunded, lot.left, back) = (lot.refunded - own, lot.left + own, back - own);
        for other in &viewer.lots {
            let some = taken.others.get(other).copied().unwrap_or(0).min(back);
            if some > 0 {
                *taken.others.get_mut(other).unwrap() -= some;
                let lot = self.lots.get_mut(other).unwrap();
                (lot.spent, lot.left, back) = (lot.spent - some, lot.left + some, back - some);
            }
        }
        while let (Some((other, coins)), true) = (viewer.settled.last_mut(), back > 0) {
            let some = back.min(*coins);
            let lot = self.lots.get_mut(other).unwrap();
            (lot.spent, lot.left, back, *coins) = (lot.spent - some, lot.left + some, back - some, *coins - some);
            if *coins == 0 {
                viewer.settled.pop();
            }
        }
        if back == 0 { Ok(()) } else { Err(format!("{back} coins of no purchase come back with {purchase}")) }
    }

    fn settle(&mut self, user: &str, coins: i64) -> Result<(), String> {
        let owed = self.viewers.entry(user.to_owned()).or_default().debt;
        if coins > owed {
            return Err(format!("{user} pays {coins} of {owed} owed coins"));
        }
        let paid = self.spend(user, coins)?;
        let viewer = self.viewers.get_mut(user).unwrap();
        viewer.debt -= coins;
        for (purchase, coins) in paid {
            let before = viewer.settled.iter().position(|(other, _)| *other == purchase).map_or(0, |at| viewer.settled.remove(at).1);
            viewer.settled.push((purchase, before + coins));
        }
        Ok(())
    }

    /// What is taken back of a purchase in all.
    pub fn taken_back(&self, purchase: &str) -> i64 {
        self.taken.get(purchase).map_or(0, |taken| taken.coins)
    }
}

/// Balances of the accounts of a currency, credits less debits.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Balances {
    pub store_receivable: i64,
    pub processor_receivable: i64,
    pub deferred_revenue: i64,
    pub prepaid_commission: i64,
    pub revenue: i64,
    pub contra_revenue: i64,
    pub commission_expense: i64,
    pub tax_payable: i64,
}

impl Balances {
    /// Adds a sale, what was paid back of it, and what its coins came to.
    pub fn add(&mut self, of: &Dealings, lot: &Lot) {
        let (sold, (_, amount, tax, commission)) = (lot.sold, of.back());
        let ((undone, earned), (undone_commission, earned_commission)) = (lot.earned(sold.price - sold.tax), lot.earned(sold.commission));
        match of.store {
            StoreKind::Apple | StoreKind::Google => self.store_receivable -= sold.price - sold.commission - (amount - commission),
            _ => self.processor_receivable -= sold.price - amount,
        }
        self.deferred_revenue += sold.price - sold.tax - undone - earned;
        self.prepaid_commission -= sold.commission - undone_commission - earned_commission;
        self.revenue += earned;
        self.contra_revenue -= amount - tax - undone;
        self.commission_expense -= earned_commission - (commission - undone_commission);
        self.tax_payable += sold.tax - tax;
    }
}
