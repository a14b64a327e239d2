//! What the account says of itself.

use super::hub::Hub;
use super::reply::Reply;
use crate::clock::iso;
use serde_json::json;

/// `GET account-info/{v}/details`.
pub fn details(hub: &Hub) -> Reply {
    Reply::json(
        200,
        &json!({
            "portalId": hub.portal, "accountType": "STANDARD", "timeZone": hub.time_zone, "companyCurrency": "EUR",
            "additionalCurrencies": ["USD"], "utcOffset": "+01:00", "utcOffsetMilliseconds": 3_600_000,
            "uiDomain": "app-eu1.hubspot.com", "dataHostingLocation": "eu1",
        }),
    )
}

/// `GET account-info/{v}/api-usage/daily/private-apps`.
pub fn usage(hub: &Hub, now: i64) -> Reply {
    let (used, limit, ends) = hub.limiter.daily();
    Reply::json(
        200,
        &json!({"results": [{
            "name": "private-apps-api-calls-daily", "usageLimit": limit, "currentUsage": used,
            "collectedAt": iso(now), "fetchStatus": "SUCCESS", "resetsAt": iso(ends),
        }]}),
    )
}
