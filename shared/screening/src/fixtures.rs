//! Small lists with invented names, for unit tests.

use crate::{Edition, ListFiles, PolicyTable, ScreeningPolicy, ScreeningSubject, import::import, names::NameShape};
use jiff::civil::{Date, date};

pub(crate) const DAY: Date = date(2026, 11, 27);

pub(crate) const PRIMARY: &str = "\
101,\"AL-QUENBAR, Mirosh Tadek\",\"individual\",\"PROG-A] [PROG-B\",\"Deputy\",\
-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,\"DOB 05 Nov 1960; POB Testville, Nowhereland; nationality Nowhereland.\"\r\n\
102,\"KALIMBA TRADING CO., LTD.\",-0- ,\"PROG-A\",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,\"Website www.example.com; cut in mid-w\"\r\n\
103,\"MV TESTSHIP ONE\",\"vessel\",\"PROG-C\",\
-0- ,\"TEST0\",\"Tanker\",\"50,000\",\"30,500\",\"Nowhereland\",\"TEST OWNER \"\"X\"\" CO.\",-0- \r\n\x1a";
pub(crate) const ALTERNATE: &str = "\
101,501,\"aka\",\"EL-KUENBAR, Mirosh\",-0- \r\n\
101,502,\"aka\",\"ZIMBO\",\"weak alias\"\r\n\
102,503,\"fka\",\"VARELDA IMPORT LLC\",-0- \r\n\x1a";
pub(crate) const ADDRESS: &str =
    "101,701,\"12 Quote \"\" Road\",\"Testville 10000\",\"Elsewhere\",-0- \r\n102,702,-0- ,-0- ,\"Nowhereland\",-0- \r\n\x1a";
pub(crate) const COMMENTS: &str = "102,\"ord; Linked To: AL-QUENBAR.\"\r\n\x1a";

pub(crate) const FILES: ListFiles<'_> =
    ListFiles { primary: PRIMARY.as_bytes(), alternate: ALTERNATE.as_bytes(), address: ADDRESS.as_bytes(), comments: COMMENTS.as_bytes() };

pub(crate) fn policy() -> ScreeningPolicy {
    PolicyTable::built_in().on(DAY).unwrap().clone()
}

pub(crate) fn edition() -> Edition {
    import("TEST", DAY, &FILES).unwrap()
}

/// The same list a day later, with some texts of the primary file replaced.
pub(crate) fn next_edition(replaced: &[(&str, &str)]) -> Edition {
    let mut primary = PRIMARY.to_owned();
    for (from, to) in replaced {
        assert!(primary.contains(from), "{from}");
        primary = primary.replace(from, to);
    }
    import("TEST", date(2026, 11, 28), &ListFiles { primary: primary.as_bytes(), ..FILES }).unwrap()
}

pub(crate) fn person(id: &str, name: &str) -> ScreeningSubject {
    ScreeningSubject::try_new(id, name, NameShape::Person).unwrap()
}
