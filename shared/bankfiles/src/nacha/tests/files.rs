//! Files of the tests, written by hand from the record layouts.

/// Two batches of credits: a payment with an addenda record and a prenote to persons, a payment to a company. Ten lines, so without
/// padding.
pub const PAYOUTS: &str = "\
101 231380104 1210428822611230900A094101Federal Reserve Bank   Test Bank                      \n\
5220Example Co                          1123456789PPDPAYOUT          261127   1121042880000001\n\
62202100002112345678         0000125000PO0001         Ada Example             1121042880000001\n\
705RFB/payout PO0001                                                               00010000001\n\
633011401533000123456789     0000000000PO0002         Bao Example             0121042880000002\n\
822000000300032401550000000000000000001250001123456789                         121042880000001\n\
5220Example Co                          1123456789CCDPAYOUT    SD1300261123   1121042880000002\n\
63212200024799-88-77         0000000001AG0001         Example Agency LLC      0121042880000003\n\
822000000100122000240000000000000000000000011123456789                         121042880000002\n\
9000002000001000000040015440179000000000000000000125001                                       \n\
";

/// A return (R03) and a notification of change (C07).
pub const ANSWERS: &str = "\
101 231380104 1210428822611230900A094101Federal Reserve Bank   Test Bank                      \n\
5200Example Co                          1123456789PPDPAYOUT                3321021000020000001\n\
62112104288212345678         0000125000PO0001         Ada Example             1021000020000007\n\
799R03121042880000001      02100002NAME DIFFERS                                021000020000007\n\
820000000200121042880000000000000000001250001123456789                         021000020000001\n\
5200Example Co                          1123456789CORPAYOUT                   1122000240000002\n\
63112104288299-88-77         0000000000AG0001         Example Agency LLC      1122000240000001\n\
798C07121042880000003      12200024011401533000998877        22                122000240000001\n\
820000000200121042880000000000000000000000001123456789                         122000240000002\n\
9000002000001000000040024208576000000000000000000125000                                       \n\
";

/// An international credit, without padding.
pub const INTERNATIONAL: &str = "\
101 231380104 1210428822611230900A094101Federal Reserve Bank   Test Bank                      \n\
5220                FF3               US123456789 IATTRADEPAYMTCADUSD261127   1231380100000001\n\
6221210428820008             0000100000123456789                              1231380100000001\n\
710BUS000000000000012345928383                Ada Example                              0000001\n\
711Example Co                         1 Main Street                                    0000001\n\
712Springfield*IL\\                    US*60601\\                                        0000001\n\
713Bank A                             01231380104                         US           0000001\n\
714Bank B                             01121042882                         CA           0000001\n\
715987            2 Front Street                                                       0000001\n\
716Ottawa*ON\\                         CA*K1A0B1\\                                       0000001\n\
718Bank of C                          02BANKCAXX                          CA       00010000001\n\
82200000090012104288000000000000000000100000123456789                          231380100000001\n\
9000001000002000000090012104288000000000000000000100000                                       \n\
";
