//! Style and script, compiled in. Their names have a hash of their content, so browsers keep them for ever and never mix two versions.
use axum::{
    extract::Path,
    response::{IntoResponse as _, Response},
};
use http::{HeaderName, StatusCode, header};
use ring::digest::{SHA256, digest};
use std::{fmt::Write as _, sync::LazyLock};

/// A file that browsers load.
struct Asset {
    name: String,
    media_type: &'static str,
    text: &'static str,
}

static STYLE: LazyLock<Asset> = LazyLock::new(|| Asset::new("css", "text/css; charset=utf-8", include_str!("../assets/console.css")));
static SCRIPT: LazyLock<Asset> = LazyLock::new(|| Asset::new("js", "text/javascript; charset=utf-8", include_str!("../assets/console.js")));

impl Asset {
    fn new(ending: &str, media_type: &'static str, text: &'static str) -> Self {
        let mut hash = String::new();
        for byte in &digest(&SHA256, text.as_bytes()).as_ref()[..8] {
            let _ = write!(hash, "{byte:02x}");
        }
        Self { name: format!("console.{hash}.{ending}"), media_type, text }
    }
}

/// The address of the style sheet.
pub(crate) fn style() -> String {
    format!("/assets/{}", STYLE.name)
}

/// The address of the script.
pub(crate) fn script() -> String {
    format!("/assets/{}", SCRIPT.name)
}

/// Answers with a file. Nothing in it is secret, so it needs no session.
pub(crate) async fn serve(Path(name): Path<String>) -> Response {
    let Some(asset) = [&*STYLE, &*SCRIPT].into_iter().find(|asset| asset.name == name) else {
        return (StatusCode::NOT_FOUND, "there is no such file\n").into_response();
    };
    let headers: [(HeaderName, &str); 2] =
        [(header::CONTENT_TYPE, asset.media_type), (header::CACHE_CONTROL, "public, max-age=31536000, immutable")];
    (headers, asset.text).into_response()
}
