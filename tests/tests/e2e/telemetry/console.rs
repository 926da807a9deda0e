//! The metrics of a console: of a sandbox in a process of its own, where a person signs in and opens a page.
use crate::fleets::binary;
use axum::http::{HeaderMap, header};
use http_client::local;
use std::{path::Path, process::Stdio};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
};

const FREE: &str = "127.0.0.1:0";

async fn sandbox(dir: &Path) -> (Child, Vec<String>) {
    let mut command = Command::new(binary());
    command.args(["serve", "--sandbox", "--data-dir", dir.to_str().unwrap()]).env_remove("RUST_LOG");
    for listener in ["--listen", "--http", "--bank-listen", "--store-listen", "--login-listen", "--console-listen"] {
        command.args([listener, FREE]);
    }
    let mut child = command.kill_on_drop(true).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut printed = Vec::new();
    while let Some(line) = lines.next_line().await.unwrap().filter(|line| line != "ready") {
        printed.push(line);
    }
    (child, printed)
}

fn location(headers: &HeaderMap) -> String {
    headers[header::LOCATION].to_str().unwrap().to_owned()
}

fn cookies(headers: &HeaderMap) -> String {
    let set = headers.get_all(header::SET_COOKIE).into_iter().map(|cookie| cookie.to_str().unwrap());
    set.filter(|cookie| !cookie.contains("Max-Age=0")).filter_map(|cookie| cookie.split(';').next()).collect::<Vec<_>>().join("; ")
}

/// All metrics of the process after a login that is refused, one that succeeds, a page, and an address for which there is none.
pub async fn visited(dir: &Path) -> String {
    let (mut child, printed) = sandbox(dir).await;
    let listening =
        |what: &str| printed.iter().find_map(|line| line.strip_prefix(what)).map(|address| format!("http://{address}")).unwrap();
    let (console, metrics) = (listening("console on "), listening("http on "));
    let client = local().build().unwrap();
    let forged = client.get(format!("{console}/console/callback?state=forged&code=x")).send().await.unwrap();
    assert_eq!(forged.status(), 400);
    let begun = client.get(format!("{console}/console/login/begin?then=/")).send().await.unwrap();
    let chosen = client.get(location(begun.headers()).replacen("/authorize?", "/authorize/fay?", 1)).send().await.unwrap();
    let done = client.get(location(chosen.headers())).header(header::COOKIE, cookies(begun.headers())).send().await.unwrap();
    let session = cookies(done.headers());
    for (path, status) in [("/", 200), ("/no-such-page", 404)] {
        let got = client.get(format!("{console}{path}")).header(header::COOKIE, &session).send().await.unwrap();
        assert_eq!(got.status().as_u16(), status, "{path}");
    }
    let metrics = client.get(format!("{metrics}/metrics")).send().await.unwrap().text().await.unwrap();
    child.kill().await.unwrap();
    metrics
}
