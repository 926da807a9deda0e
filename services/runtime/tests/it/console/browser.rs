//! As much of a browser as the console needs: cookies by host, redirects, links and forms.
use reqwest::{Client, Method, header};
use std::{collections::BTreeMap, path::Path};

/// A page, or whatever else came.
#[derive(Debug)]
pub struct Got {
    pub status: u16,
    pub headers: header::HeaderMap,
    pub text: String,
}

impl Got {
    pub fn location(&self) -> &str {
        self.headers.get(header::LOCATION).unwrap().to_str().unwrap()
    }
}

/// A browser at one console.
pub struct Browser {
    client: Client,
    pub base: String,
    pub cookies: BTreeMap<String, String>,
}

impl Browser {
    pub fn new(base: &str) -> Self {
        Self { client: http_client::local().build().unwrap(), base: base.to_owned(), cookies: BTreeMap::new() }
    }

    /// One that trusts this certificate authority.
    pub fn trusting(base: &str, ca: &Path) -> Self {
        Self { client: http_client::builder(ca).unwrap().build().unwrap(), ..Self::new(base) }
    }

    /// One request, without following where it leads.
    pub async fn send(&mut self, method: Method, url: &str, headers: &[(&str, &str)], form: Option<&str>) -> Got {
        let url = if url.starts_with('/') { format!("{}{url}", self.base) } else { url.to_owned() };
        let mut request = self.client.request(method, &url);
        let ours = url.starts_with(&self.base);
        if ours && !self.cookies.is_empty() {
            let all: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request = request.header(header::COOKIE, all.join("; "));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(form) = form {
            request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(form.to_owned());
        }
        let answer = request.send().await.unwrap();
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        for cookie in headers.get_all(header::SET_COOKIE).into_iter().filter(|_| ours) {
            let (pair, attributes) = cookie.to_str().unwrap().split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            match attributes.contains("Max-Age=0") {
                true => drop(self.cookies.remove(name)),
                false => drop(self.cookies.insert(name.to_owned(), value.to_owned())),
            }
        }
        Got { status, headers, text: answer.text().await.unwrap() }
    }

    /// An answer that goes on, asked for by a script of one of the console's own pages.
    pub async fn open(&mut self, url: &str, headers: &[(&str, &str)]) -> reqwest::Response {
        let all: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut request = self.client.get(format!("{}{url}", self.base)).header(header::COOKIE, all.join("; "));
        for (name, value) in [("sec-fetch-site", "same-origin")].iter().chain(headers) {
            request = request.header(*name, *value);
        }
        request.send().await.unwrap()
    }

    /// Follows a link on one of the console's own pages.
    pub async fn get(&mut self, url: &str) -> Got {
        self.send(Method::GET, url, &[("sec-fetch-site", "same-origin")], None).await
    }

    /// Sends a form as one of the console's own pages does.
    pub async fn post(&mut self, url: &str, form: &str) -> Got {
        let origin = self.base.clone();
        self.send(Method::POST, url, &[("sec-fetch-site", "same-origin"), ("origin", &origin)], Some(form)).await
    }

    /// Goes to the pretend login, and returns the address at which it sends the browser back.
    pub async fn go_to_login(&mut self, person: &str, then: &str) -> String {
        let begun = self.get(&format!("/console/login/begin?then={then}")).await;
        assert_eq!(begun.status, 303, "{}", begun.text);
        let choose = begun.location().to_owned();
        let people = self.get(&choose).await;
        assert!(people.text.contains("Sam") && people.status == 200, "{}", people.text);
        let chosen = choose.replacen("/authorize?", &format!("/authorize/{person}?"), 1);
        let back = self.get(&chosen).await;
        assert_eq!(back.status, 303, "{}", back.text);
        back.location().to_owned()
    }

    /// Where signing in again to approve something leads: the address at the pretend login, and the page on which the browser is back.
    pub async fn step_up(&mut self, person: &str, to: &str) -> (String, String) {
        let begun = self.get(&format!("/console/login/begin?step_up=1&to={to}")).await;
        assert_eq!(begun.status, 303, "{}", begun.text);
        let asked = begun.location().to_owned();
        let chosen = self.get(&asked.replacen("/authorize?", &format!("/authorize/{person}?"), 1)).await;
        let done = self.get(chosen.location()).await;
        assert_eq!(done.status, 303, "{}", done.text);
        (asked, done.location().to_owned())
    }

    /// Signs in by the whole flow.
    pub async fn sign_in(&mut self, person: &str) {
        let back = self.go_to_login(person, "/").await;
        let done = self.get(&back).await;
        assert_eq!((done.status, done.headers.get(header::LOCATION).map(|to| to.to_str().unwrap())), (303, Some("/")), "{}", done.text);
    }

    pub async fn explain(&mut self, reason: &str) {
        assert_eq!(self.post("/console/reason", &format!("reason={reason}&then=/")).await.status, 303);
    }
}
