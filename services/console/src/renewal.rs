//! Tokens that end soon are renewed at the issuer while their person is here, so that a session lasts as long as it may and not as long as a token.
use crate::{
    config::ForwardedToken,
    parts::{Console, ConsoleParts},
    provider::{ProviderError, RenewedTokens},
    session::{OpenSession, Person, SessionTokens},
};
use identity::Principal;
use rpc::acts::is_staff;
use std::{sync::Arc, time::SystemTime};

/// Errors of an issuer that say nothing of the login (RFC 6749, section 4.1.2.1, and RFC 8628).
const PASSING: [&str; 3] = ["server_error", "temporarily_unavailable", "slow_down"];

/// The session with a token that is valid: renewed where it was due. `None`: the person has to sign in; a session whose issuer is away goes on when that is back.
pub(crate) async fn renewed(console: &Console, secret: &str, session: OpenSession) -> Option<OpenSession> {
    let Some(due) = &session.due else { return Some(session).filter(|session| session.is_valid) };
    let turn = match due.turn.clone().try_lock_owned() {
        Ok(turn) => turn,
        // Another request renews it meanwhile.
        Err(_) if session.is_valid => return Some(session),
        Err(_) => due.turn.clone().lock_owned().await,
    };
    // A browser that goes away must not lose what the issuer gave for a refresh token that works once.
    let (parts, owned) = (console.clone(), secret.to_owned());
    let renewing = tokio::spawn(async move {
        renew(&parts, &owned).await;
        drop(turn);
    });
    if let Err(error) = renewing.await {
        tracing::error!(%error, "renewing a token ended early");
    }
    console.sessions.look(secret).filter(|session| session.is_valid)
}

/// Renews the token of a session, unless another request just did.
async fn renew(console: &ConsoleParts, secret: &str) {
    let Some(session) = console.sessions.look(secret) else { return };
    let Some(due) = session.due else { return };
    match console.provider.renew(due.refresh).await {
        Ok(tokens) => keep(console, secret, &session.person, &tokens).await,
        Err(ProviderError::Refused(why)) if !PASSING.contains(&why.as_str()) => {
            tracing::info!(subject = %session.person.subject, why, "the issuer does not renew a login, which ends with its token");
            console.sessions.not_renewed(secret, true);
        }
        Err(error) => {
            tracing::warn!(%error, "a token could not be renewed");
            console.sessions.not_renewed(secret, false);
        }
    }
}

/// Keeps renewed tokens if they are of the same person, who is still staff.
async fn keep(console: &ConsoleParts, secret: &str, before: &Person, tokens: &RenewedTokens) {
    let now = SystemTime::now();
    let principal = match forwarded(console, tokens) {
        None => Err(identity::Error::Claim("id_token")),
        Some(token) => console.verifier.verify_or_look(token, now).await.map(|principal| (token, principal)),
    };
    match principal {
        Ok((token, principal)) if is_same(before, &principal) => {
            let person = Person {
                subject: principal.subject.clone(),
                issuer: principal.issuer.clone(),
                role: principal.role,
                books: principal.books.clone(),
            };
            let valid = principal.expires_at.duration_since(now).unwrap_or_default();
            console.sessions.renew(secret, person, SessionTokens { token, valid, refresh: tokens.refresh.as_deref() });
        }
        Ok((_, principal)) => {
            tracing::warn!(subject = %principal.subject, role = %principal.role, "a renewed token is of somebody else, or of no member of staff");
            console.sessions.end(secret);
        }
        // The issuer has new keys, which can't be read just now; the refresh token that was used works no more.
        Err(error @ (identity::Error::UnknownKey | identity::Error::KeysUnavailable)) => {
            tracing::warn!(%error, "a renewed token can't be checked yet");
            if let Some(refresh) = &tokens.refresh {
                console.sessions.keep_refresh(secret, refresh);
            }
            console.sessions.not_renewed(secret, false);
        }
        Err(error) => {
            tracing::warn!(%error, subject = %before.subject, "a renewed token is not accepted, and the session ends with the one before");
            console.sessions.not_renewed(secret, true);
        }
    }
}

fn forwarded<'a>(console: &ConsoleParts, tokens: &'a RenewedTokens) -> Option<&'a str> {
    match console.forward {
        ForwardedToken::AccessToken => Some(&tokens.access),
        ForwardedToken::IdToken => tokens.id.as_deref(),
    }
}

fn is_same(before: &Person, principal: &Arc<Principal>) -> bool {
    principal.subject == before.subject && principal.issuer == before.issuer && is_staff(principal.role)
}
