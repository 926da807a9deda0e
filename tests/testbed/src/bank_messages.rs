//! What a bank's answers are made of, by hand, so that tests can send answers that no bank may send.
use tokio::{io::AsyncReadExt as _, net::TcpStream};

/// Reads a whole HTTP request: its head and its body; none where the connection ends before.
pub async fn request(stream: &mut TcpStream) -> Option<(String, String)> {
    let (mut bytes, mut part) = (Vec::new(), [0; 4096]);
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = between(&head.to_ascii_lowercase(), "content-length: ", "\r").or_else(|| Some("0".to_owned()))?;
            if body.len() >= length.parse().ok()? {
                return Some((head.to_owned(), body.to_owned()));
            }
        }
        match stream.read(&mut part).await.ok()? {
            0 => return None,
            read => bytes.extend_from_slice(&part[..read]),
        }
    }
}

/// The text between two others, or to the end where the second is missing.
#[must_use]
pub fn between(text: &str, from: &str, to: &str) -> Option<String> {
    let rest = text.split_once(from)?.1;
    Some(rest.split_once(to).map_or(rest, |(found, _)| found).to_owned())
}

/// A `pain.002` about the `send`-th sending of a payment, containing `group` and `payments` as given.
#[must_use]
pub fn report(id: &str, send: usize, group: &str, payments: &str) -> String {
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"><CstmrPmtStsRpt><GrpHdr><MsgId>R</MsgId><CreDtTm>2026-11-26T12:00:00Z</CreDtTm></GrpHdr><OrgnlGrpInfAndSts><OrgnlMsgId>{id}-{send}</OrgnlMsgId><OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId>{group}</OrgnlGrpInfAndSts>{payments}</CstmrPmtStsRpt></Document>"#
    )
}

/// A transfer with a status and other elements.
#[must_use]
pub fn transfer(id: &str, status: &str, beside: &str) -> String {
    let status = if status.is_empty() { String::new() } else { format!("<TxSts>{status}</TxSts>") };
    format!("<TxInfAndSts><OrgnlEndToEndId>{id}</OrgnlEndToEndId>{status}{beside}</TxInfAndSts>")
}

/// A payment of such transfers.
#[must_use]
pub fn payment(transfers: &str) -> String {
    format!("<OrgnlPmtInfAndSts><OrgnlPmtInfId>P</OrgnlPmtInfId>{transfers}</OrgnlPmtInfAndSts>")
}
