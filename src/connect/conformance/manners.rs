//! What is said of itself, and what is kept quiet.

use super::{
    Checked, Fault, On, Rig, must,
    rig::{SETTLE, ids, streams},
    skip,
};
use crate::{Disposition, Effect, ErrorKind};
use model::Pass;

/// `check` has a line for each stream of `describe`, and what it calls granted can be read.
pub(super) async fn what_is_granted_matches_what_is_described(rig: &impl Rig) -> Checked {
    let account = rig.connector().check(&rig.cx()).await.map_err(|error| format!("check: {error:?}"))?;
    must(!account.name.is_empty(), || "the account has no name".to_owned())?;
    for (stream, _) in streams(rig) {
        let line = account.grants.iter().find(|grant| grant.stream == Some(stream));
        let Some(line) = line else { return Err(format!("check says nothing of {stream}").into()) };
        let read = rig.connector().poll(&rig.cx(), stream, &Pass::Full, None).await;
        let forbidden = matches!(&read, Err(error) if matches!(error.kind, ErrorKind::Forbidden { .. }));
        must(line.granted != forbidden, || format!("{stream}: granted {}, read {read:?}", line.granted))?;
        must(line.granted || line.missing.is_some(), || format!("{stream}: what is missing is not said"))?;
    }
    Ok(())
}

/// 403 is a matter of one stream, not of the connection.
pub(super) async fn one_forbidden_stream_leaves_the_others(rig: &impl Rig) -> Checked {
    for (stream, _) in streams(rig) {
        // The first read also gets what credentials need: that is not to be forbidden here.
        let before = rig.connector().poll(&rig.cx(), stream, &Pass::Full, None).await;
        must(before.is_ok(), || format!("{stream}: {before:?}"))?;
        rig.faults().arm(Fault::Forbidden, On::Any, u32::MAX);
        let denied = rig.connector().poll(&rig.cx(), stream, &Pass::Full, None).await;
        rig.faults().disarm();
        let Err(error) = denied else { return Err(format!("{stream}: read although forbidden").into()) };
        let forbidden = matches!(error.kind, ErrorKind::Forbidden { .. });
        let refused = error.disposition(Effect::None) == Disposition::Refuse;
        must(forbidden && refused, || format!("{stream}: 403 became {error:?}"))?;
    }
    for (stream, _) in streams(rig) {
        let read = rig.connector().poll(&rig.cx(), stream, &Pass::Full, None).await;
        must(read.is_ok(), || format!("{stream}: {read:?} after another was forbidden"))?;
    }
    Ok(())
}

/// A passing fault is retried or told as one; the page is the same afterwards.
pub(super) async fn a_fault_on_a_page_costs_no_record(rig: &impl Rig) -> Checked {
    let Some((stream, _)) = streams(rig).last().copied() else { return Err(skip("it reads nothing")) };
    rig.create(stream, 3).await;
    rig.advance(SETTLE).await;
    let poll = async || rig.connector().poll(&rig.cx(), stream, &Pass::Full, None).await;
    let clean = poll().await.map_err(|error| error.to_string())?;
    for fault in Fault::PASSING {
        rig.faults().arm(fault, On::Any, 1);
        if let Err(error) = poll().await {
            let retried = matches!(error.disposition(Effect::None), Disposition::Retry(_));
            must(retried, || format!("{stream}: {fault:?} became {error:?}"))?;
        }
        rig.faults().disarm();
        rig.advance(SETTLE).await;
        let after = poll().await.map_err(|error| format!("{stream} after {fault:?}: {error:?}"))?;
        must(ids(&after.changes) == ids(&clean.changes), || {
            format!("{stream}: other records after {fault:?}")
        })?;
    }
    Ok(())
}

/// Neither answers nor errors show a secret.
pub(super) async fn no_secret_is_shown(rig: &impl Rig) -> Checked {
    let secrets = rig.secrets();
    if secrets.is_empty() {
        return Err(skip("the rig has no secret"));
    }
    let mut shown = Vec::new();
    for fault in Fault::PASSING.map(Some).into_iter().chain([None, Some(Fault::Unauthorized)]) {
        if let Some(fault) = fault {
            rig.faults().arm(fault, On::Any, u32::MAX);
        }
        match rig.connector().check(&rig.cx()).await {
            Ok(account) => shown.push(format!("{account:?}")),
            Err(error) => shown.push(format!("{error:?} {error}")),
        }
        for (stream, _) in streams(rig) {
            match rig.connector().poll(&rig.cx(), stream, &Pass::Full, None).await {
                Ok(page) => shown.push(format!("{page:?}")),
                Err(error) => shown.push(format!("{error:?} {error}")),
            }
        }
        rig.faults().disarm();
        rig.advance(SETTLE).await;
    }
    let leak = shown.iter().find(|text| secrets.iter().any(|secret| text.contains(secret)));
    // The text itself stays out of the report: it has the secret in it.
    must(leak.is_none(), || "a secret is shown in an answer or an error".to_owned())?;
    Ok(())
}
