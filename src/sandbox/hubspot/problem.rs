//! Refusals in HubSpot's error form.

use serde_json::{Map, Value, json};

/// Why a request is refused: the status and the parts of the error body.
#[derive(Clone, Debug)]
pub struct Problem {
    pub status: u16,
    /// Empty: the body has none, as one recorded refusal.
    pub category: &'static str,
    pub sub_category: Option<&'static str>,
    pub message: String,
    pub context: Map<String, Value>,
    pub errors: Vec<Value>,
    /// Answer with an HTML page instead of JSON, as real 404s do.
    pub html: bool,
}

impl Problem {
    pub fn new(status: u16, category: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            category,
            sub_category: None,
            message: message.into(),
            context: Map::new(),
            errors: Vec::new(),
            html: false,
        }
    }

    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(400, "VALIDATION_ERROR", message)
    }

    /// One property that was not valid, in the recorded form of message and `errors`.
    pub fn property(name: &str, code: &'static str, why: &str) -> Self {
        let detail = json!([{"isValid": false, "message": why, "error": code, "name": name}]);
        Self {
            errors: vec![json!({"message": why, "code": code, "context": {"propertyName": [name]}})],
            ..Self::invalid(format!("Property values were not valid: {detail}"))
        }
    }

    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(409, "CONFLICT", message)
    }

    /// The HTML page that the object endpoints answer for an unknown id.
    pub fn not_found_page() -> Self {
        Self { html: true, ..Self::new(404, "OBJECT_NOT_FOUND", "resource not found") }
    }

    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(404, "OBJECT_NOT_FOUND", message)
    }

    #[must_use]
    pub fn with_context(mut self, key: &str, values: &[&str]) -> Self {
        self.context.insert(key.to_owned(), json!(values));
        self
    }

    /// The body for one failed input of a batch (no correlation id).
    pub fn as_item(&self) -> Value {
        let mut body = json!({
            "status": "error", "category": self.category, "message": self.message,
            "context": self.context, "errors": self.errors, "links": {},
        });
        if let (Some(sub), Some(map)) = (self.sub_category, body.as_object_mut()) {
            map.insert("subCategory".to_owned(), sub.into());
        }
        body
    }

    /// The body of a failed request.
    pub fn body(&self, correlation: &str) -> Value {
        let mut body = Map::new();
        body.insert("status".to_owned(), "error".into());
        body.insert("message".to_owned(), self.message.clone().into());
        body.insert("correlationId".to_owned(), correlation.into());
        if !self.category.is_empty() {
            body.insert("category".to_owned(), self.category.into());
        }
        if let Some(sub) = self.sub_category {
            body.insert("subCategory".to_owned(), sub.into());
        }
        if !self.context.is_empty() {
            body.insert("context".to_owned(), self.context.clone().into());
        }
        if !self.errors.is_empty() {
            body.insert("errors".to_owned(), self.errors.clone().into());
        }
        Value::Object(body)
    }
}

/// The page that stands in for a JSON body.
pub fn html_page(status: u16, reason: &str, text: &str) -> String {
    format!(
        "<html>\n<head>\n<meta http-equiv=\"Content-Type\" content=\"text/html;charset=utf-8\"/>\n\
         <title>Error {status} {reason}</title>\n</head>\n<body><h2>HTTP ERROR {status}</h2>\n<p>{text}</p>\n</body>\n</html>\n"
    )
}
