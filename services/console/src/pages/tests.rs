//! Unit tests of all forms: what each may change, and that what decides about money or closes something for ever asks for a recent login.
use identity::access::TABLE;
use std::{collections::BTreeSet, fs, path::Path};

/// What a form does, by what it leaves behind.
#[derive(Debug, PartialEq, Eq)]
enum FormEffect {
    /// It decides about money, or closes something for ever: these calls need a recent login, and what only stops or puts aside does not.
    Decides { needs: &'static [&'static str], stops: &'static [&'static str] },
    /// It changes who does something or what is shown: nothing of money, and everything can be changed again.
    Arranges(&'static [&'static str]),
    /// It is about the session alone, or about pretend money.
    Nothing,
}

/// Every form that is sent, by its address.
const FORMS: [(&str, FormEffect); 8] = [
    (
        "/proposal/decide",
        FormEffect::Decides { needs: &["support.v1.SupportService/Approve"], stops: &["support.v1.SupportService/Reject"] },
    ),
    ("/treasury/close", FormEffect::Decides { needs: &["treasury.v1.TreasuryService/CloseDay"], stops: &[] }),
    ("/treasury/assign", FormEffect::Arranges(&["treasury.v1.TreasuryService/AssignCase"])),
    ("/reveal", FormEffect::Arranges(&["payout.v1.PayoutService/RevealBeneficiary"])),
    ("/sandbox/drive", FormEffect::Arranges(&["support.v1.SupportService/NoteAct"])),
    ("/console/logout", FormEffect::Nothing),
    ("/console/reason", FormEffect::Nothing),
    ("/console/zone", FormEffect::Nothing),
];

/// The texts after each `before` up to `after`.
fn between<'a>(text: &'a str, before: &str, after: char) -> Vec<&'a str> {
    text.split(before).skip(1).filter_map(|rest| rest.split(after).next()).collect()
}

#[test]
fn every_form_of_every_page_is_known_and_asks_for_a_recent_login_where_it_decides() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR"));
    let known: BTreeSet<String> = FORMS.iter().map(|(path, _)| (*path).to_owned()).collect();
    let mut shown = BTreeSet::new();
    for file in fs::read_dir(sources.join("templates")).unwrap() {
        let text = fs::read_to_string(file.unwrap().path()).unwrap();
        shown.extend(between(&text, "<form method=\"post\" action=\"", '"').into_iter().map(str::to_owned));
        assert_eq!(
            text.matches("method=\"post\"").count(),
            text.matches("<form method=\"post\" action=\"/").count(),
            "a form of another shape"
        );
    }
    assert_eq!(shown, known, "what pages send");
    let routes = fs::read_to_string(sources.join("src/lib.rs")).unwrap();
    let routed: BTreeSet<String> = routes
        .split("(\"/")
        .skip(1)
        .filter(|route| route.split(')').next().is_some_and(|route| route.contains("post(")))
        .map(|route| format!("/{}", route.split('"').next().unwrap()))
        .collect();
    assert_eq!(routed, known, "what the console takes");
    let asks = |rpc: &str| {
        let path = format!("/largesse.{rpc}");
        TABLE.iter().find(|row| row.path == path).unwrap_or_else(|| panic!("no such RPC: {rpc}")).step_up
    };
    for (path, effect) in &FORMS {
        let (deciding, others): (&[&str], &[&str]) = match effect {
            FormEffect::Decides { needs, stops } => (needs, stops),
            FormEffect::Arranges(calls) => (&[], calls),
            FormEffect::Nothing => (&[], &[]),
        };
        assert!(deciding.iter().all(|rpc| asks(rpc)), "{path} decides without a recent login");
        assert!(!others.iter().any(|rpc| asks(rpc)), "{path} asks for a login that it does not need");
    }
}
