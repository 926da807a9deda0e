//! Countries: codes of ISO 3166-1, those that SEPA reaches, and those that use the euro. As of November 2026.

/// ISO 3166-1 alpha-2, and XK, which banks use for Kosovo.
const ISO_3166: &str = "\
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD \
    CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF \
    GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN \
    KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA \
    NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI \
    SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI \
    VN VU WF WS XK YE YT ZA ZM ZW";

/// IBAN prefixes that the SEPA schemes reach (EPC409-09).
const SEPA: &str =
    "AD AL AT BE BG CH CY CZ DE DK EE ES FI FR GB GI GR HR HU IE IS IT LI LT LU LV MC MD ME MK MT NL NO PL PT RO RS SE SI SK SM VA";

/// IBAN prefixes of countries whose currency is the euro: the euro area (with Bulgaria since January 2026), and those that use it without
/// being members.
const EURO: &str = "AD AT BE BG CY DE EE ES FI FR GR HR IE IT LT LU LV MC ME MT NL PT SI SK SM VA XK";

fn lists(codes: &str, code: &str) -> bool {
    code.len() == 2 && codes.split_ascii_whitespace().any(|known| known == code)
}

/// Whether this is a country's code in upper case.
#[must_use]
pub fn is_country(code: &str) -> bool {
    lists(ISO_3166, code)
}

/// Whether SEPA reaches accounts whose IBAN has this prefix.
#[must_use]
pub fn is_in_sepa(code: &str) -> bool {
    lists(SEPA, code)
}

/// Whether accounts of the country are held in euro as a rule.
#[must_use]
pub fn uses_euro(code: &str) -> bool {
    lists(EURO, code)
}

#[cfg(test)]
mod tests;
