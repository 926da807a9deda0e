//! A period's reports against what we expected: every part of a difference by name. No I/O, no clock.
//!
//! What is expected of what a report covers is what it pays and everything that it keeps: in each currency the amounts of [`SettledAmounts`] add up to it.

use std::collections::{BTreeMap, HashMap};

use jiff::civil::Date;
use money::Currency;
use rust_decimal::{Decimal, RoundingStrategy};
use storereports::{PayoutStanding, ReportLine, ReportLineKind, StatedPayout};
use uuid::Uuid;

use super::own::OwnPart;
use super::settlement::{DifferenceKind, SettledAmounts, SettlementDifference};

/// Most differences that are named one by one; the others are in the sums all the same.
const NAMED_MAX: usize = 10_000;

/// What is compared.
#[derive(Debug)]
pub(crate) struct PeriodComparison<'a> {
    /// The settlement.
    pub settlement_id: Uuid,
    /// The legal entity that is paid.
    pub entity: &'a str,
    /// The lines of all reports of the period.
    pub lines: &'a [ReportLine],
    /// What the store says that it pays.
    pub payouts: &'a [StatedPayout],
    /// Ours by the store's id of the sale; empty where its reports name none.
    pub by_transaction: &'a HashMap<String, Vec<OwnPart>>,
    /// Ours that no other settlement covers, from before the end of the period, the oldest first.
    pub open: &'a [OwnPart],
    /// What an earlier period left for this one, in minor units.
    pub carried_in: i64,
    /// Whether what is not paid in the period stays with the store for later ones, and the reports say all that is paid.
    pub keeps_balance: bool,
}

/// What a comparison comes to.
#[derive(Debug, Default)]
pub(crate) struct PeriodOutcome {
    /// By currency.
    pub amounts: BTreeMap<Currency, SettledAmounts>,
    /// The parts that it covers.
    pub covered: Vec<OwnPart>,
    /// What differs.
    pub differences: Vec<SettlementDifference>,
    /// The currency in which the store pays.
    pub proceeds_currency: Option<Currency>,
    /// What it pays, in minor units.
    pub paid: i64,
    /// What is left for a later period.
    pub carried_out: i64,
    /// When the money should come, where the store says so.
    pub arrives_on: Option<Date>,
}

/// Why reports can't be compared.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotComparable {
    /// The store pays in several currencies.
    #[error("the reports pay in {0} and in {1}; one account of the configuration is for one currency")]
    Currencies(Currency, Currency),
    /// A sum beyond what can be booked.
    #[error("the sums in {0} are beyond what can be booked")]
    Overflow(Currency),
    /// Nothing says what is paid.
    #[error("the reports have no lines")]
    Empty,
}

/// CurrencySums in one currency, as exact decimals.
#[derive(Debug, Default, Clone, Copy)]
struct CurrencySums {
    expected: Decimal,
    fee: Decimal,
    fee_tax: Decimal,
    contra: Decimal,
    withheld: Decimal,
    reserved: Decimal,
    exchanged: Decimal,
    difference: Decimal,
}

/// A comparison in progress.
struct Working<'a> {
    of: &'a PeriodComparison<'a>,
    pays_in: Currency,
    sums: BTreeMap<Currency, CurrencySums>,
    /// What the lines come to, in the currency in which the store pays, without payments that came back.
    net: Decimal,
    done: PeriodOutcome,
    unnamed: usize,
}

/// An amount in minor units as a decimal.
fn decimal(currency: Currency, minor: i64) -> Decimal {
    Decimal::new(minor, currency.minor_digits())
}

/// A decimal in minor units; of halves the even one.
fn minor(currency: Currency, amount: Decimal) -> Result<i64, NotComparable> {
    let scaled = amount.checked_mul(Decimal::from(10_i64.pow(currency.minor_digits()))).ok_or(NotComparable::Overflow(currency))?;
    let whole = scaled.round_dp_with_strategy(0, RoundingStrategy::MidpointNearestEven);
    whole.try_into().map_err(|_| NotComparable::Overflow(currency))
}

fn empty(kind: DifferenceKind, currency: Currency) -> SettlementDifference {
    SettlementDifference {
        kind,
        currency,
        amount: Decimal::ZERO,
        expected: Decimal::ZERO,
        reported: Decimal::ZERO,
        transaction_id: String::new(),
        product_id: String::new(),
        market: String::new(),
        line_no: 0,
        note: String::new(),
    }
}

/// Compares reports whose lines name transactions.
pub(crate) fn by_transactions(of: &PeriodComparison<'_>) -> Result<PeriodOutcome, NotComparable> {
    let mut working = Working::new(of)?;
    let mut groups: BTreeMap<&str, Vec<&ReportLine>> = BTreeMap::new();
    for line in of.lines {
        match line.kind {
            ReportLineKind::Withholding | ReportLineKind::Reserve | ReportLineKind::Adjustment => working.of_account(line),
            _ if line.transaction_id.is_empty() => working.of_account(line),
            _ => groups.entry(&line.transaction_id).or_default().push(line),
        }
    }
    for (transaction_id, lines) in groups {
        working.transaction(transaction_id, &lines);
    }
    working.missing_at_store();
    working.end()
}

/// Compares reports that name products, countries and sums only, and a summary of what is paid by currency.
pub(crate) fn by_sums(of: &PeriodComparison<'_>) -> Result<PeriodOutcome, NotComparable> {
    let mut working = Working::new(of)?;
    let mut groups: BTreeMap<(&str, &str, Currency, ReportLineKind), Vec<&ReportLine>> = BTreeMap::new();
    let mut earned: BTreeMap<Currency, Decimal> = BTreeMap::new();
    for line in of.lines {
        *earned.entry(line.currency).or_default() += line.amount;
        match line.kind {
            ReportLineKind::Sale | ReportLineKind::Refund => {
                groups.entry((&line.product_id, &line.market, line.currency, line.kind)).or_default().push(line);
            }
            _ => working.of_summary(line),
        }
    }
    for ((product_id, market, currency, kind), lines) in groups {
        working.product(product_id, market, currency, kind, &lines);
    }
    working.summary(&earned);
    working.missing_at_store();
    working.end()
}

impl<'a> Working<'a> {
    fn new(of: &'a PeriodComparison<'a>) -> Result<Self, NotComparable> {
        let stated = of.payouts.iter().map(|payout| payout.proceeds_currency);
        let of_lines = of.lines.iter().map(|line| line.proceeds_currency).filter(|_| of.payouts.is_empty());
        let mut pays_in = stated.chain(of_lines);
        let first = pays_in.next().ok_or(NotComparable::Empty)?;
        if let Some(other) = pays_in.find(|other| *other != first) {
            return Err(NotComparable::Currencies(first, other));
        }
        let done = PeriodOutcome { proceeds_currency: Some(first), ..PeriodOutcome::default() };
        Ok(Self { of, pays_in: first, sums: BTreeMap::new(), net: Decimal::ZERO, done, unnamed: 0 })
    }

    fn sums(&mut self, currency: Currency) -> &mut CurrencySums {
        self.sums.entry(currency).or_default()
    }

    fn name(&mut self, difference: SettlementDifference) {
        if self.done.differences.len() < NAMED_MAX {
            self.done.differences.push(difference);
        } else {
            self.unnamed += 1;
        }
    }

    /// A line that is of no sale, in the currency in which the store pays.
    fn of_account(&mut self, line: &ReportLine) {
        self.net += line.proceeds;
        self.account_line(line, self.pays_in, line.proceeds);
    }

    /// The same of a summary, which counts before the exchange.
    fn of_summary(&mut self, line: &ReportLine) {
        self.account_line(line, line.currency, line.amount);
    }

    fn account_line(&mut self, line: &ReportLine, currency: Currency, amount: Decimal) {
        let sums = self.sums(currency);
        let (sum, kind, note) = match line.kind {
            ReportLineKind::Withholding => (&mut sums.withheld, Some(DifferenceKind::Withholding), "tax withheld from what the store pays"),
            ReportLineKind::Reserve => (&mut sums.reserved, Some(DifferenceKind::Reserve), "held back by the store, or released"),
            ReportLineKind::Fee => (&mut sums.fee, None, ""),
            ReportLineKind::FeeTax => (&mut sums.fee_tax, None, ""),
            ReportLineKind::Tax => (&mut sums.contra, Some(DifferenceKind::Tax), "tax that the store took of all sales together"),
            ReportLineKind::Coupon => (&mut sums.contra, Some(DifferenceKind::Coupon), "a coupon"),
            ReportLineKind::Sale | ReportLineKind::Refund | ReportLineKind::Adjustment => {
                (&mut sums.difference, Some(DifferenceKind::Adjustment), "the store says no more of it")
            }
        };
        *sum -= amount;
        if let Some(kind) = kind {
            let named = empty(kind, currency);
            let transaction_id = line.transaction_id.clone();
            self.name(SettlementDifference {
                amount: -amount,
                reported: amount,
                line_no: line.line_no,
                note: note.to_owned(),
                transaction_id,
                ..named
            });
        }
    }

    /// The lines of a transaction against our sale and the refunds of it.
    fn transaction(&mut self, transaction_id: &str, lines: &[&ReportLine]) {
        let sold = lines.iter().find(|line| matches!(line.kind, ReportLineKind::Sale | ReportLineKind::Refund));
        let currency = sold.unwrap_or(&lines[0]).currency;
        let sum = |kinds: &[ReportLineKind]| -> Decimal {
            lines.iter().filter(|line| line.currency == currency && kinds.contains(&line.kind)).map(|line| line.amount).sum()
        };
        let gross = sum(&[ReportLineKind::Sale, ReportLineKind::Refund]);
        let [fee, fee_tax, tax, coupon] =
            [ReportLineKind::Fee, ReportLineKind::FeeTax, ReportLineKind::Tax, ReportLineKind::Coupon].map(|kind| -sum(&[kind]));
        let net = gross - fee - fee_tax - tax - coupon;
        self.exchange(lines, currency, net);
        let (covered, is_repeated) = self.cover(transaction_id, lines, currency);
        let line = empty(DifferenceKind::Amount, currency);
        let line = SettlementDifference {
            transaction_id: transaction_id.to_owned(),
            line_no: lines[0].line_no,
            product_id: lines[0].product_id.clone(),
            market: lines[0].market.clone(),
            ..line
        };
        if covered.is_empty() {
            self.sums(currency).difference -= net;
            let (kind, note) = if is_repeated {
                (DifferenceKind::Repeated, "another settlement covers it")
            } else {
                (DifferenceKind::MissingHere, "nothing here is of this transaction, or its refund is not posted yet")
            };
            return self.name(SettlementDifference { kind, amount: -net, reported: net, note: note.to_owned(), ..line });
        }
        let ours = |of: fn(&OwnPart) -> i64| decimal(currency, covered.iter().map(of).fold(0, i64::saturating_add));
        let (own_gross, own_tax, own_commission) = (ours(|part| part.gross), ours(|part| part.tax), ours(|part| part.commission));
        let sums = self.sums(currency);
        sums.expected += own_gross - own_tax - own_commission;
        sums.fee += fee - own_commission;
        sums.fee_tax += fee_tax;
        sums.contra += tax - own_tax + coupon;
        sums.difference += own_gross - gross;
        let is_expected = own_commission.is_zero() && own_tax.is_zero();
        for (kind, expected, reported, counts) in [
            (DifferenceKind::Amount, own_gross, gross, true),
            (DifferenceKind::Tax, -own_tax, -tax, true),
            // What a processor charges is not expected by any amount.
            (DifferenceKind::Commission, -own_commission, -fee, !is_expected),
            (DifferenceKind::Coupon, Decimal::ZERO, -coupon, true),
        ] {
            if counts && expected != reported {
                self.name(SettlementDifference { kind, amount: expected - reported, expected, reported, ..line.clone() });
            }
        }
        self.done.covered.extend(covered);
    }

    /// What the lines of a transaction come to in the currency in which the store pays.
    fn exchange(&mut self, lines: &[&ReportLine], currency: Currency, net: Decimal) {
        let pays_in = self.pays_in;
        if currency == pays_in {
            self.net += net;
            return;
        }
        let (mut paid, mut fee, mut fee_tax) = (Decimal::ZERO, Decimal::ZERO, Decimal::ZERO);
        for line in lines {
            if line.currency == currency {
                paid += line.proceeds;
            } else if line.kind == ReportLineKind::FeeTax {
                fee_tax -= line.proceeds;
            } else {
                fee -= line.proceeds;
            }
        }
        self.net += paid - fee - fee_tax;
        self.sums(currency).exchanged += net;
        let sums = self.sums(pays_in);
        sums.exchanged -= paid;
        sums.fee += fee;
        sums.fee_tax += fee_tax;
    }

    /// Our parts that the lines of a transaction cover, and whether another settlement covers them.
    fn cover(&self, transaction_id: &str, lines: &[&ReportLine], currency: Currency) -> (Vec<OwnPart>, bool) {
        let has = |kind| lines.iter().any(|line| line.kind == kind);
        let (has_sale, has_refund) = (has(ReportLineKind::Sale), has(ReportLineKind::Refund));
        let named = |part: &&OwnPart| if part.step_no == 0 { has_sale } else { has_refund };
        let ours = self.of.by_transaction.get(transaction_id).into_iter().flatten().filter(named);
        let fitting: Vec<&OwnPart> = ours.filter(|part| part.currency == currency && part.entity == self.of.entity).collect();
        let free = |part: &&&OwnPart| part.settled_by.is_none_or(|by| by == self.of.settlement_id);
        let covered: Vec<OwnPart> = fitting.iter().filter(free).map(|part| (*part).clone()).collect();
        (covered, !fitting.is_empty())
    }

    /// The lines of a product in a country, of sales or of refunds, against as many of ours, the oldest first.
    fn product(&mut self, product_id: &str, market: &str, currency: Currency, kind: ReportLineKind, lines: &[&ReportLine]) {
        let units: i64 = lines.iter().map(|line| line.quantity.saturating_abs()).fold(0, i64::saturating_add);
        let amount: Decimal = lines.iter().map(|line| line.amount).sum();
        let is_sale = kind == ReportLineKind::Sale;
        let fits = |part: &&OwnPart| {
            let same = part.product_id == product_id && (part.market.is_empty() || part.market == market) && part.currency == currency;
            same && (part.quantity > 0) == is_sale && part.entity == self.of.entity
        };
        let (mut left, mut covered) = (units, Vec::new());
        for part in self.of.open.iter().filter(fits) {
            if part.quantity.abs() <= left {
                left -= part.quantity.abs();
                covered.push(part.clone());
            }
        }
        let of_units =
            |units: i64, whole: i64| if whole == 0 { Decimal::ZERO } else { amount * Decimal::from(units) / Decimal::from(whole) };
        let unknown = if left == 0 { Decimal::ZERO } else { of_units(left, units) };
        let known = amount - unknown;
        let expected = decimal(currency, covered.iter().map(OwnPart::expected).fold(0, i64::saturating_add));
        let sums = self.sums(currency);
        sums.expected += expected;
        // The report does not say tax and commission apart: what differs counts as commission.
        sums.fee += expected - known;
        sums.difference -= unknown;
        let line = empty(DifferenceKind::Commission, currency);
        let line = SettlementDifference { product_id: product_id.to_owned(), market: market.to_owned(), line_no: lines[0].line_no, ..line };
        if expected != known {
            let note = format!("{} pieces", units - left);
            self.name(SettlementDifference { amount: expected - known, expected, reported: known, note, ..line.clone() });
        }
        if left != 0 {
            let note = format!("{left} of {units} pieces are not ours, or their refund is not posted yet");
            let kind = DifferenceKind::MissingHere;
            self.name(SettlementDifference { kind, amount: -unknown, reported: unknown, note, ..line });
        }
        self.done.covered.extend(covered);
    }

    /// What a summary pays by currency, against what its lines come to.
    fn summary(&mut self, earned: &BTreeMap<Currency, Decimal>) {
        let mut paid: BTreeMap<Currency, (Decimal, Decimal, Decimal)> = BTreeMap::new();
        for payout in self.of.payouts {
            let sums = paid.entry(payout.currency).or_default();
            let by_rate = payout.rate.map_or(payout.proceeds, |rate| payout.amount * rate);
            *sums = (sums.0 + payout.amount, sums.1 + payout.proceeds, sums.2 + by_rate);
        }
        let pays_in = self.pays_in;
        for currency in earned.keys().filter(|currency| !paid.contains_key(currency)).copied().collect::<Vec<_>>() {
            paid.insert(currency, Default::default());
        }
        for (currency, (owed, proceeds, by_rate)) in paid {
            let found = earned.get(&currency).copied().unwrap_or_default();
            if found != owed {
                self.sums(currency).difference += found - owed;
                let note = "what is owed by the summary, against the lines of all reports".to_owned();
                let line = empty(DifferenceKind::Amount, currency);
                self.name(SettlementDifference { amount: found - owed, expected: found, reported: owed, note, ..line });
            }
            if currency == pays_in {
                self.net += owed;
                continue;
            }
            self.net += proceeds;
            self.sums(currency).exchanged += owed;
            self.sums(pays_in).exchanged -= proceeds;
            let line = empty(DifferenceKind::Exchange, pays_in);
            let note = format!("{owed} {} exchanged", currency.code());
            self.name(SettlementDifference { amount: by_rate - proceeds, expected: by_rate, reported: proceeds, note, ..line });
        }
    }

    /// Ours that no line names, from before the last sale or refund that one names: they change nothing, and stay owed.
    fn missing_at_store(&mut self) {
        let covered: std::collections::HashSet<(Uuid, i64)> =
            self.done.covered.iter().map(|part| (part.purchase_id, part.step_no)).collect();
        let mut missing = Vec::new();
        for part in self.of.open.iter().filter(|part| part.entity == self.of.entity && !covered.contains(&(part.purchase_id, part.step_no)))
        {
            let expected = decimal(part.currency, part.expected());
            let of = if part.step_no == 0 { "the sale" } else { "a refund" };
            missing.push(SettlementDifference {
                amount: expected,
                expected,
                transaction_id: part.transaction_id.clone(),
                product_id: part.product_id.clone(),
                market: part.market.clone(),
                note: format!("{of} of purchase {}; it stays owed", part.purchase_id),
                ..empty(DifferenceKind::MissingAtStore, part.currency)
            });
        }
        missing.into_iter().for_each(|difference| self.name(difference));
    }

    /// What is paid of what is due, and what is left of it for later periods.
    fn paid_and_left(&self, due: i64) -> Result<(i64, i64), NotComparable> {
        let (pays_in, keeps) = (self.pays_in, self.of.keeps_balance);
        let stated: Option<Decimal> = (!self.of.payouts.is_empty()).then(|| self.of.payouts.iter().map(|payout| payout.proceeds).sum());
        let stated = stated.map(|paid| minor(pays_in, paid)).transpose()?;
        let is_failed = self.of.payouts.iter().any(|payout| payout.standing == PayoutStanding::Failed);
        let usually = if keeps { 0 } else { due.max(0) };
        let paid = if is_failed { 0 } else { stated.unwrap_or(usually) };
        // Less than nothing that is not taken from our bank account stays owed to the store; what came back stays owed to us; and so does what we have not withdrawn.
        let carried_out = match (is_failed || (due < 0 && paid == 0), keeps) {
            (true, _) => due,
            (false, true) => due.checked_sub(paid).ok_or(NotComparable::Overflow(pays_in))?,
            (false, false) => 0,
        };
        Ok((paid, carried_out))
    }

    /// What is paid, what is carried, and everything in minor units.
    fn end(mut self) -> Result<PeriodOutcome, NotComparable> {
        let pays_in = self.pays_in;
        let due = minor(pays_in, self.net)?.checked_add(self.of.carried_in).ok_or(NotComparable::Overflow(pays_in))?;
        let (paid, carried_out) = self.paid_and_left(due)?;
        let on_its_way = self.of.payouts.iter().any(|payout| payout.standing == PayoutStanding::OnItsWay);
        let unpaid = due - paid - carried_out;
        let named = empty(DifferenceKind::Carried, pays_in);
        if unpaid != 0 {
            self.sums(pays_in).difference += decimal(pays_in, unpaid);
            let (expected, reported) = (decimal(pays_in, due), decimal(pays_in, paid));
            let note = "what the store pays, against what is due".to_owned();
            self.name(SettlementDifference {
                kind: DifferenceKind::Amount,
                amount: expected - reported,
                expected,
                reported,
                note,
                ..named.clone()
            });
        }
        for (amount, note) in [(self.of.carried_in, "from an earlier period"), (carried_out, "to a later period")] {
            if amount != 0 {
                let amount = decimal(pays_in, amount);
                self.name(SettlementDifference { amount, expected: amount, note: note.to_owned(), ..named.clone() });
            }
        }
        if self.unnamed > 0 {
            let note = format!("{} more differences are in the sums and not named one by one", self.unnamed);
            self.done.differences.push(SettlementDifference { kind: DifferenceKind::Amount, note, ..named });
        }
        self.sums(pays_in);
        for (currency, sums) in self.sums {
            let of = |amount| minor(currency, amount);
            let mut amounts = SettledAmounts {
                fee: of(sums.fee)?,
                fee_tax: of(sums.fee_tax)?,
                contra: of(sums.contra)?,
                withheld: of(sums.withheld)?,
                reserved: of(sums.reserved)?,
                exchanged: of(sums.exchanged)?,
                difference: of(sums.difference)?,
                ..SettledAmounts::default()
            };
            let mut cleared = of(sums.expected)?;
            if currency == pays_in {
                let at_bank = !on_its_way;
                amounts.claimed = if at_bank { paid } else { 0 };
                amounts.in_transit = if at_bank { 0 } else { paid };
                cleared += self.of.carried_in - carried_out;
            }
            // What rounding leaves is less than a unit for each amount; it goes to the fee, so that what is owed is cleared to the unit.
            let total = amounts.all().into_iter().try_fold(0_i64, i64::checked_add).ok_or(NotComparable::Overflow(currency))?;
            amounts.fee += cleared - total;
            if !amounts.is_sound(currency) {
                return Err(NotComparable::Overflow(currency));
            }
            self.done.amounts.insert(currency, amounts);
        }
        (self.done.paid, self.done.carried_out) = (paid, carried_out);
        self.done.arrives_on = self.of.payouts.iter().filter_map(|payout| payout.arrives_on).max();
        Ok(self.done)
    }
}

#[cfg(test)]
mod tests;
