//! "As a call": the command that gets the same data as a page, and who may run it. There is no private interface behind a page.
use identity::{
    Role,
    access::{Access, TABLE},
};
use rpc::acts::is_staff;
use serde_json::Value;

/// A call that a page made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CallView {
    /// The RPC's name.
    pub(crate) rpc: &'static str,
    /// The command for a shell.
    pub(crate) command: String,
    /// The same with grpcurl.
    pub(crate) grpcurl: String,
    /// Which roles of staff may call it, by name.
    pub(crate) roles: String,
    /// Whether a reason is required.
    pub(crate) explained: bool,
}

/// Where commands call.
#[derive(Debug, Clone)]
pub(crate) struct CallTarget {
    /// The gRPC listener as the person's machine knows it.
    pub(crate) address: String,
    pub(crate) tls: bool,
}

impl CallView {
    /// A call of `rpc` (`largesse.x.v1.XService/Method`) with this message.
    pub(crate) fn new(target: &CallTarget, rpc: &'static str, message: &Value) -> Self {
        let explained = TABLE.iter().any(|row| row.path.strip_prefix('/') == Some(rpc) && row.reason);
        let (plain, scheme) = if target.tls { ("", "https") } else { (" -plaintext", "http") };
        let (reason, header) = if explained { (" --reason \"$WHY\"", " -H \"largesse-reason: $WHY\"") } else { ("", "") };
        let (message, address) = (quoted(&message.to_string()), &target.address);
        let short = rpc.rsplit('.').next().unwrap_or(rpc);
        let command = format!("largesse call {short} {message} --url {scheme}://{address} --token-file <(echo \"$TOKEN\"){reason}");
        let grpcurl = format!("grpcurl{plain} -H \"authorization: Bearer $TOKEN\"{header} -d {message} {address} {rpc}");
        let roles: Vec<&str> = Role::ALL.into_iter().filter(|role| is_staff(*role) && may(*role, rpc)).map(Role::as_str).collect();
        Self { rpc, command, grpcurl, roles: roles.join(", "), explained }
    }
}

/// Whether the table of access lets a role call an RPC.
pub(crate) fn may(role: Role, rpc: &str) -> bool {
    let row = TABLE.iter().find(|row| row.path.strip_prefix('/') == Some(rpc));
    row.is_some_and(|row| !matches!(row.access, Access::Open) && row.reach(role).is_some())
}

/// Whether an act of the audit log changes something: an RPC by the first word of its method, work in a terminal by its command. The others only look.
pub(crate) fn changes(rpc: &str) -> bool {
    const LOOKS: [&str; 10] = ["Explain", "Find", "Get", "List", "Plan", "Prove", "Render", "Reveal", "Verify", "Watch"];
    /// Commands that are recorded and only read; the other recorded ones import data or erase it.
    const READ_ONLY: [&str; 3] = ["largesse explain", "largesse export", "largesse privacy export"];
    if READ_ONLY.contains(&rpc) {
        return false;
    }
    let method = rpc.rsplit('/').next().unwrap_or_default();
    !LOOKS.iter().any(|look| method.starts_with(look))
}

/// A text as one word of a shell, whatever is in it.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    //! Unit tests of commands.
    use super::*;
    use serde_json::json;

    #[test]
    fn what_a_second_person_decides_or_what_is_kept_is_a_change_and_most_calls_of_staff_are_looks() {
        let staff =
            || TABLE.iter().filter(|row| Role::ALL.into_iter().any(|role| is_staff(role) && may(role, row.path.trim_start_matches('/'))));
        for row in TABLE.iter().filter(|row| row.approval || row.keeps) {
            assert!(changes(row.path), "{}", row.path);
        }
        let looks = staff().filter(|row| !changes(row.path)).count();
        assert!(looks > 60 && staff().count() - looks > 40, "{looks} of {}", staff().count());
        for (rpc, change) in
            [("largesse.payout.v1.PayoutService/GetPayout", false), ("largesse.support.v1.SupportService/Propose", true), ("", true)]
        {
            assert_eq!(changes(rpc), change, "{rpc}");
        }
        for (command, change) in [
            ("largesse explain", false),
            ("largesse export", false),
            ("largesse privacy export", false),
            ("largesse privacy erase", true),
            ("largesse import", true),
        ] {
            assert_eq!(changes(command), change, "{command}");
        }
    }

    #[test]
    fn a_command_is_safe_to_paste_whatever_is_in_the_message() {
        let target = CallTarget { address: "127.0.0.1:7070".to_owned(), tls: false };
        let call = CallView::new(&target, "largesse.ledger.v1.LedgerService/ListEntries", &json!({"account": "a'; rm -rf / #"}));
        let quoted = r#"'{"account":"a'\''; rm -rf / #"}'"#;
        let first = format!(
            "largesse call LedgerService/ListEntries {quoted} --url http://127.0.0.1:7070 --token-file <(echo \"$TOKEN\") --reason \"$WHY\""
        );
        assert_eq!(call.command, first);
        assert!(call.grpcurl.contains(&format!("-d {quoted} 127.0.0.1:7070 largesse.ledger")), "{}", call.grpcurl);
        assert!(call.explained && call.grpcurl.contains("largesse-reason"));
        assert_eq!(call.roles, "support, finance, auditor, admin");
        let acts = CallView::new(&target, "largesse.support.v1.SupportService/ListActs", &json!({}));
        assert_eq!(acts.roles, "support, finance, auditor, admin");
        assert!(!may(Role::Support, "largesse.support.v1.SupportService/Approve") && !may(Role::Admin, "largesse.unknown/Method"));
    }
}
