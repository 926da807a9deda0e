//! Holidays that follow from rules. A day that a government declares once is not in them: it is added by a correction in a loaded file.

use jiff::civil::{Date, Weekday, date};

/// A calendar that is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ComputedCalendar {
    /// Federal Reserve Banks: 5 U.S.C. 6103, except that a holiday on a Saturday is not observed on the Friday before. One on a Sunday is observed on Monday.
    UsFed,
    /// T2 and TIPS of the Eurosystem: six closing days, wherever they fall, and no national holiday.
    EuTarget,
    /// Bank holidays of England and Wales: Banking and Financial Dealings Act 1971, with substitute days for those on a weekend.
    GbEng,
}

/// Rules are not trusted beyond this year.
const LAST_YEAR: i16 = 2099;

impl ComputedCalendar {
    /// Every computed calendar.
    pub const ALL: [Self; 3] = [Self::UsFed, Self::EuTarget, Self::GbEng];

    /// Its name in data and configuration.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::UsFed => "US-FED",
            Self::EuTarget => "EU-TARGET",
            Self::GbEng => "GB-ENG",
        }
    }

    /// The calendar of a name.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|calendar| calendar.id() == id)
    }

    /// First and last day for which the rules hold. Juneteenth is a holiday of the Fed since 2022; the six closing days of TARGET hold since 2002; England
    /// had days declared once in 2020, 2022 and 2023.
    #[must_use]
    pub const fn covered(self) -> (Date, Date) {
        let from = match self {
            Self::UsFed => date(2022, 1, 1),
            Self::EuTarget => date(2002, 1, 1),
            Self::GbEng => date(2024, 1, 1),
        };
        (from, date(LAST_YEAR, 12, 31))
    }

    /// Whether the day is a closing day by rule, as observed.
    #[must_use]
    pub fn is_holiday(self, day: Date) -> bool {
        self.holidays(day.year()).contains(&day)
    }

    /// The closing days of a year as observed, in order. Weekends are in it only for EU-TARGET, whose six days don't move. Empty outside 1583 to 9998.
    #[must_use]
    pub fn holidays(self, year: i16) -> Vec<Date> {
        if !(1583..=9998).contains(&year) {
            return Vec::new();
        }
        let mut days = match self {
            Self::UsFed => us_fed(year),
            Self::EuTarget => eu_target(year),
            Self::GbEng => gb_eng(year),
        };
        days.sort_unstable();
        days
    }
}

/// Easter Sunday of the Gregorian calendar, by the algorithm of Meeus, Jones and Butcher. `None` outside the years of that calendar.
#[must_use]
pub fn easter(year: i16) -> Option<Date> {
    if !(1583..=9998).contains(&year) {
        return None;
    }
    let y = i32::from(year);
    let (a, b, c) = (y % 19, y / 100, y % 100);
    let (d, e) = (b / 4, b % 4);
    let g = (b - (b + 8) / 25 + 1) / 3;
    let h = (19 * a + b - d - g + 15) % 30;
    let (i, k) = (c / 4, c % 4);
    let l = (32 + 2 * e + 2 * i - h - k) % 7;
    let m = (a + 11 * h + 22 * l) / 451;
    let sum = h + l - 7 * m + 114;
    Date::new(year, i8::try_from(sum / 31).ok()?, i8::try_from(sum % 31 + 1).ok()?).ok()
}

/// Days from Easter Sunday: Good Friday is -2, Easter Monday is 1.
fn from_easter(year: i16, days: i64) -> Option<Date> {
    easter(year).and_then(|sunday| sunday.checked_add(jiff::Span::new().days(days)).ok())
}

/// The nth of a weekday in a month, or the last for -1.
fn nth(year: i16, month: i8, weekday: Weekday, n: i8) -> Option<Date> {
    Date::new(year, month, 1).and_then(|first| first.nth_weekday_of_month(n, weekday)).ok()
}

fn us_fed(year: i16) -> Vec<Date> {
    use Weekday::{Monday, Thursday};
    let fixed = [(1, 1), (6, 19), (7, 4), (11, 11), (12, 25)];
    let moving = [(1, Monday, 3), (2, Monday, 3), (5, Monday, -1), (9, Monday, 1), (10, Monday, 2), (11, Thursday, 4)];
    let observed = fixed.into_iter().filter_map(|(month, day)| {
        let day = Date::new(year, month, day).ok()?;
        match day.weekday() {
            Weekday::Saturday => None,
            Weekday::Sunday => day.tomorrow().ok(),
            _ => Some(day),
        }
    });
    observed.chain(moving.into_iter().filter_map(|(month, weekday, n)| nth(year, month, weekday, n))).collect()
}

fn eu_target(year: i16) -> Vec<Date> {
    let fixed = [(1, 1), (5, 1), (12, 25), (12, 26)].into_iter().filter_map(|(month, day)| Date::new(year, month, day).ok());
    fixed.chain([from_easter(year, -2), from_easter(year, 1)].into_iter().flatten()).collect()
}

fn gb_eng(year: i16) -> Vec<Date> {
    use Weekday::Monday;
    let new_year = Date::new(year, 1, 1).ok().and_then(|day| match day.weekday() {
        Weekday::Saturday => Date::new(year, 1, 3).ok(),
        Weekday::Sunday => Date::new(year, 1, 2).ok(),
        _ => Some(day),
    });
    // Both days of Christmas, or the weekdays instead of them: the 27th stands in for one on a Sunday or for Christmas on a Saturday, the 28th for the other.
    let christmas = match Date::new(year, 12, 25).map(Date::weekday) {
        Ok(Weekday::Friday) => [25, 28],
        Ok(Weekday::Saturday) => [27, 28],
        Ok(Weekday::Sunday) => [26, 27],
        _ => [25, 26],
    };
    let mondays = [(5, 1), (5, -1), (8, -1)].into_iter().filter_map(|(month, n)| nth(year, month, Monday, n));
    let easter_days = [from_easter(year, -2), from_easter(year, 1)].into_iter().flatten();
    let christmas_days = christmas.into_iter().filter_map(|day| Date::new(year, 12, day).ok());
    new_year.into_iter().chain(easter_days).chain(mondays).chain(christmas_days).collect()
}
